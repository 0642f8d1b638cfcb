"""The process that trains a trial: ``python -m train.tuning.worker DATA RUN CONFIG``, the last as TOML."""

import signal
import sys
import threading
import tomllib
from pathlib import Path

from edge_runtime.bundle import fields
from edge_runtime.console import guard, say
from edge_runtime.stages.prepared import open_prepared
from train.config import TrainConfig
from train.distributed.farewell import leave
from train.tuning.process import end_with_parent


def main() -> int:
    """Trains, or goes on training, and returns the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the checkpoint of the last epoch stays
    threading.Thread(target=end_with_parent, daemon=True).start()
    data, run, text = sys.argv[1:]

    def work() -> int:
        from train.fitting.fit import fit

        config = fields.parse(TrainConfig, tomllib.loads(text), "trial")
        fit(open_prepared(Path(data)), Path(run), config, fresh=False, verbose=2, say=say)
        return 0

    return guard("train", work)


if __name__ == "__main__":
    leave(main())
