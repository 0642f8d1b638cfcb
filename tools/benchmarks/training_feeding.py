"""Whether the model that trains ever waits for its pictures.

    python -m tools.benchmarks.training_feeding MODEL DATA STEPS ROUNDS [--epochs N] [--cold]

The same steps in turns: fed as `python -m train fit` feeds them, from the prepared split on disk, and from batches that
lie in memory as tensors, the best there can be. And what feeding alone delivers, while nobody trains. With --cold no
picture is in the system's cache when a turn begins.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.stages.prepared import Prepared, Split, open_prepared
from tools.benchmarks.turns import in_turns, seconds_of
from train.config import sized_for
from train.device import prepare_device

SEED = 0


def measured(prepared: Prepared, model: str, steps: int, rounds: int, epochs: int, cold: bool) -> dict[str, Any]:
    """Returns the seconds of a step of each round: ``fed``, ``ceiling`` and ``alone``; the first two also of CPU time,
    as ``fed_cpu`` and ``ceiling_cpu``; and the pictures of a step, ``batch``."""
    from train.backend import engine, keras
    from train.fitting.batches import fed as as_fed
    from train.fitting.begin import learner_for
    from train.models.backbone import phases
    from train.models.build import build_model

    config = sized_for(prepared.record.counts["train"], model)
    spec = prepared.record.spec
    keras.utils.set_random_seed(SEED)
    plain = build_model(config, spec.preprocessing.size, len(spec.labels), prepared.record.grey, bare=True)
    learner = learner_for(plain, None, prepared, config, phases(config)[0], steps, anew=True)
    ready = _first(prepared.split("train"), config.batch_size, steps)
    memory = engine.data.Dataset.from_tensor_slices(
        tuple(np.stack(parts) for parts in zip(*(ready[at] for at in range(steps)), strict=True))
    )
    epoch = 0

    def anew() -> Any:
        """The pictures of an epoch of their own, from a mapping of their own; feeding has looked at others before."""
        nonlocal epoch
        epoch += 1
        if cold:
            forget(prepared.directory / "train_pixels.npy")
        batches = _first(unchecked(prepared.directory), config.batch_size, steps)
        batches.start(0)
        given = as_fed(batches)
        batches.start(epoch)
        return given

    used: dict[str, list[float]] = {"fed": [], "ceiling": []}

    def trained(way: str, pictures: Any) -> float:
        cpu = time.process_time()
        seconds = seconds_of(lambda: learner.fit(pictures, shuffle=False, verbose=0, epochs=epochs))()
        used[way].append((time.process_time() - cpu) / steps / epochs)
        return seconds / steps / epochs

    calls = (
        lambda: trained("fed", anew()),
        lambda: trained("ceiling", memory),
        lambda: seconds_of(_taken(anew()))() / steps,
    )
    found = dict(zip(("fed", "ceiling", "alone"), in_turns(calls, rounds), strict=True))
    cpu = {f"{way}_cpu": values[1:] for way, values in used.items()}  # as in_turns, without a first round
    return found | cpu | {"batch": config.batch_size}


def _first(split: Split, batch_size: int, steps: int) -> Any:
    """Returns the first batches of an epoch, as `fit` takes them."""
    from train.fitting.batches import Batches

    class First(Batches):
        @property
        def num_batches(self) -> int:
            return min(steps, super().num_batches)

    return First(split, batch_size, SEED)


def _taken(batches: Any) -> Callable[[], object]:
    """Returns what takes all batches and leaves them."""

    def take() -> None:
        for batch in batches:
            assert batch

    return take


def unchecked(directory: Path) -> Split:
    """Returns the training split mapped anew, without reading all of it for its digest."""
    return Split(np.load(directory / "train_pixels.npy", mmap_mode="r"), np.load(directory / "train_labels.npy"))


def forget(path: Path) -> None:
    """Has the system take a file out of its cache; what another mapping holds stays."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    """Measures, and prints what `tools.benchmarks.training` reads."""
    parser = argparse.ArgumentParser("training_feeding")
    parser.add_argument("model")
    parser.add_argument("data", type=Path)
    parser.add_argument("steps", type=int)
    parser.add_argument("rounds", type=int)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--cold", action="store_true")
    told = parser.parse_args()
    with contextlib.redirect_stdout(sys.stderr):
        prepare_device("cpu")
        found = measured(open_prepared(told.data), told.model, told.steps, told.rounds, told.epochs, told.cold)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
