"""``make benchmark-train``: do the presets reach what they are to reach, and does training waste no time?

    python -m tools.benchmarks.training [--only NAME] [--json FILE]

Accuracies are those of the test split after a training with a preset's flags, as a user types them. All of it takes
an hour or two on two CPUs, most of it ``best``; ``--only time`` takes two minutes, ``--only feeding`` three, and
``--only mlp --only cnn --only resnet8`` a quarter of an hour. Exit code 1 when a figure was not reached.
"""

from __future__ import annotations

import argparse
import functools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.console import guard, say
from edge_runtime.stages.prepared import recorded
from tools.benchmarks import verdicts
from tools.benchmarks.turns import Line, milliseconds, ratio

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data/fashion_mnist"
TUTORIAL = 0.875  # what the tutorials' network reaches after ten epochs, by its own page 0.8749
PAIRS = 3
SUPPLY = 2  # pictures delivered for one that is taken: then an accelerator with a core beside it never waits
LARGE = 2_000_000_000  # bytes of pixels
ROUNDS = 5  # of feeding


@dataclass(frozen=True)
class Preset:
    """A training that a user may type, and what it is to reach.

    Attributes:
        name: For people.
        flags: Of ``fit``.
        accuracy: The least on Fashion-MNIST's test split.
        minutes: The most on two CPUs, from the start of the command to its end.
    """

    name: str
    flags: tuple[str, ...]
    accuracy: float
    minutes: float


# Chosen on the validation split (DESIGN 92).
BEST = (
    *("--flip", "--translation", "0.05", "--erasing", "0.4"),
    *("--label-smoothing", "0.05", "--weight-decay", "0.02"),
)
PRESETS = (
    Preset("mlp", ("--model", "mlp"), 0.885, 2),
    Preset("cnn", ("--model", "cnn"), 0.925, 10),
    Preset("resnet8", ("--model", "resnet8", "--epochs", "18", "--flip"), 0.925, 15),
    Preset("best", ("--model", "resnet8", "--width", "32", "--epochs", "40", "--patience", "40", *BEST), 0.94, 120),
)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("benchmark-train", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help="prepared Fashion-MNIST (%(default)s)")
    parser.add_argument("--only", action="append", metavar="NAME", help="parts of a section's name, as in time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found for programs")
    arguments = parser.parse_args(argv)
    return guard("benchmark-train", lambda: run(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Measures, prints, and judges. Raises EdgeError where a figure was not reached."""
    sections: dict[str, verdicts.Section] = {
        "time to learn": functools.partial(_time, arguments.data),
        "feeding": functools.partial(_feeding, arguments.data),
    }
    for preset in PRESETS:
        sections[f"preset {preset.name}"] = functools.partial(_preset, preset, arguments.data)
    return verdicts.run(sections, arguments.only, "", arguments.json)


def _time(data: Path) -> Iterator[Line]:
    """Ours against the tutorials', a process each, in turns."""
    ratios, notes = [], []
    for _ in range(PAIRS):
        ours, theirs = (_clock(way, data) for way in ("kit", "tutorial"))
        for found in (ours, theirs):
            if found["accuracy"] < TUTORIAL:
                raise RuntimeError(f"{TUTORIAL} was not reached in {found['epochs']} epochs: {found['accuracy']}")
        ratios.append(ours["seconds"] / theirs["seconds"])
        notes.append(
            f"{ours['seconds']:.1f} s in {ours['epochs']} epochs, {theirs['seconds']:.1f} in {theirs['epochs']}"
        )
        say(notes[-1])
    yield Line(
        f"seconds until {TUTORIAL} of the test pictures, mlp against Keras' tutorial",
        statistics.median(ratios),
        0.5,
        note="; ".join(notes),
    )


def _clock(way: str, data: Path) -> dict[str, Any]:
    given = _python("tools.benchmarks.training_clock", way, data, TUTORIAL)
    return dict(json.loads(given))


def _feeding(data: Path) -> Iterator[Line]:
    """Fed from disk against fed from memory; the last one from more than the system has in its cache."""
    yield from _fed("mlp", data, 210, "54,000 pictures", "--epochs", "3")  # all whole batches of each
    yield from _fed("resnet8", data, 40, "54,000 pictures")
    with tempfile.TemporaryDirectory(prefix="benchmark-feeding-", dir="/var/tmp") as place:
        large = _large(Path(place) / "data")
        yield from _fed("resnet8", large, 4, f"{LARGE / 1e9:g} GB, none of it cached", "--cold")


def _fed(model: str, data: Path, steps: int, what: str, *flags: str) -> Iterator[Line]:
    told = json.loads(_python("tools.benchmarks.training_feeding", model, data, steps, ROUNDS, *flags))
    batch = told["batch"]
    seconds = {way: statistics.median(told[way]) for way in ("ceiling", "alone")}
    yield Line(
        f"{model}, {what}: pictures that feeding alone delivers for one that training takes",
        ratio(told["ceiling"], told["alone"]),
        SUPPLY,
        True,
        f"{batch / seconds['alone']:,.0f} a second, {batch / seconds['ceiling']:,.0f}; a step takes "
        f"{milliseconds(told['ceiling_cpu'])} of CPU time from memory and {milliseconds(told['fed_cpu'])} fed, "
        f"{milliseconds(told['ceiling'])} and {milliseconds(told['fed'])} by the clock",
    )


def _large(directory: Path) -> Path:
    """Writes a prepared dataset of noise, 96 × 96 pixels, larger than what stays in a small machine's cache."""
    size = (96, 96)
    one = size[0] * size[1] * 3
    count = {"train": LARGE // one, "validation": 64, "test": 64}
    block = np.random.default_rng(0).integers(0, 256, (512, *size, 3), np.uint8)
    directory.mkdir()
    for name, pictures in count.items():
        array = np.lib.format.open_memmap(
            directory / f"{name}_pixels.npy", mode="w+", dtype=np.uint8, shape=(pictures, *size, 3)
        )
        for begin in range(0, pictures, len(block)):
            part = array[begin : begin + len(block)]
            part[:] = block[: len(part)]
        array.flush()
        np.save(directory / f"{name}_labels.npy", np.arange(pictures, dtype=np.int64) % 10)
    spec = ModelSpec(tuple("abcdefghij"), PreprocessingSpec(size))
    counts: dict[str, int] = dict(count)
    recorded(directory, name="noise", origin="made", grey=False, spec=spec, seed=0, counts=counts)
    return directory


def _preset(preset: Preset, data: Path) -> Iterator[Line]:
    with tempfile.TemporaryDirectory(prefix="benchmark-train-") as place:
        directory = Path(place) / preset.name
        began = time.monotonic()
        _python("train", "fit", "--data", data, "--run", directory, "--device", "cpu", *preset.flags)
        minutes = (time.monotonic() - began) / 60
        _python("train", "evaluate", directory)
        accuracy = float(json.loads((directory / "metrics.json").read_text())["metrics"]["accuracy"])
    yield Line(f"{preset.name}: test accuracy", accuracy, preset.accuracy, True, " ".join(preset.flags))
    yield Line(f"{preset.name}: minutes", minutes, preset.minutes)


def _python(module: str, *arguments: object) -> str:
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
