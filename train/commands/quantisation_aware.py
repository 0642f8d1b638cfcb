"""``python -m train quantisation-aware``: from a finished run to one that int8 costs less."""

import argparse
import contextlib
import shlex
import sys
import typing
from pathlib import Path

from edge_runtime.console import program, say, tell
from edge_runtime.stages.run import open_run
from train.config import DeviceName
from train.evaluation.evaluate import dataset_of
from train.models.names import DESCRIBED

NAMES = ("quantisation-aware", "quantization-aware")
VALUES = ("epochs", "batch_size", "learning_rate", "seed", "device")

DESCRIPTION = """\
Quantisation-aware training: trains a finished run a little further while int8 is simulated, so that its weights fit
int8. It learns to give the scores that RUN gives in float32. The result is another run directory, which evaluate and
'python -m export' take as any other, for TFLite and ONNX alike. RUN stays as it is. BatchNorm becomes part of the
convolution before it; model.keras holds plain Keras layers alone.

The validation split decides which epoch is kept; where none is better than the model as it was, that is kept and said.
A layer that is not known is refused by its name before training starts. It is short, so there is no going on after an
interruption: Ctrl-C leaves nothing behind, and the same command starts again."""

EXAMPLE = """\
example:
  python -m train quantisation-aware runs/first --run runs/first-int8 --device cpu
  python -m export runs/first-int8"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser."""
    parser = subparsers.add_parser(
        NAMES[0],
        aliases=NAMES[1:],
        help="train a finished run further, so that int8 costs it less",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, metavar="RUN", help="the finished run; it stays as it is")
    parser.add_argument(
        "--run", required=True, type=Path, metavar="DIR", dest="directory", help="the run directory to write"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the prepared dataset (default: where the training found it)"
    )
    parser.add_argument("--fresh", action="store_true", help="replace what an earlier fine-tuning left in --run")
    values = parser.add_argument_group(
        "configuration",
        "mirroring, dropout and patience are RUN's; other augmentation, schedules, weight decay, clipping and mixed "
        "precision have no part in it",
    )
    values.add_argument(
        "--epochs", type=int, metavar="N", help="the most passes over the data (default: 1, up to 10 for few pictures)"
    )
    values.add_argument("--batch-size", type=int, metavar="N", help="pictures a step (default: RUN's)")
    values.add_argument(
        "--learning-rate", type=float, metavar="X", help="at the start; it falls to 0 (default: 0.0001)"
    )
    values.add_argument("--seed", type=int, metavar="N", help="of order, mirroring and dropout (default: RUN's)")
    values.add_argument("--device", choices=typing.get_args(DeviceName), help="(default: gpu)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Fine-tunes and says what came of it; standard output gets the run directory."""
    from train.quantisation.tuning import existing, fine_tune, values_for

    source, target = open_run(arguments.source), arguments.directory
    prepared = dataset_of(source, arguments.data)
    given = {name: getattr(arguments, name) for name in VALUES if getattr(arguments, name) is not None}
    config = values_for(source, prepared.record.counts["train"], given)
    result = existing(target, source, config, fresh=arguments.fresh)
    made = result is None
    if result is None:
        try:
            with contextlib.redirect_stdout(sys.stderr):  # Keras' progress bar; standard output is for results
                verbose = 1 if sys.stderr.isatty() else 2
                result = fine_tune(source, prepared, target, config, verbose=verbose, say=say)
        except KeyboardInterrupt:
            say(f"\nstopped; {target} is as it was, and the same command starts again")
            raise
    state = "fine-tuned" if made else "up to date"
    if result.epoch:
        came = (
            f"kept epoch {result.epoch}: validation accuracy in simulated int8 {result.before:.4f} → {result.after:.4f}"
        )
    else:
        came = (
            f"no epoch was better than before ({result.before:.4f} in simulated int8), so the model is the one it was"
        )
    say(f"{target}: {state}: {came}; {arguments.source} in float32: {result.float32:.4f}")
    if made:
        say(f"{target} holds model.keras and what it is ({', '.join(DESCRIBED)})")
        say(f"next: {program()} -m train evaluate {shlex.quote(str(target))}")
    tell(target)
    return 0
