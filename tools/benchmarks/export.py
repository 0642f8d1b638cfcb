"""``make benchmark-export``: does what is exported keep what the model could, and does the proof cost little?

    python -m tools.benchmarks.export [RUN...] [--only NAME] [--json FILE]

Each run is exported with all recipes, as a user would, and the seconds are set against those of the bare conversions
and evaluations, one after the other in one process. Exit code 1 when a figure was not reached.
"""

from __future__ import annotations

import argparse
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.console import guard
from edge_runtime.errors import EdgeError
from edge_runtime.preprocess import preprocess
from edge_runtime.proof import read_golden
from edge_runtime.runtimes import find
from edge_runtime.stages.prepared import open_prepared
from export.proof import latency
from tools.benchmarks import verdicts
from tools.benchmarks.edge import CACHE
from tools.benchmarks.photographs import carried, installed
from tools.benchmarks.turns import Line

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "runs/fashion_mnist"
LONGEST = 180.0  # seconds that all recipes of a small network may take with their proof, on 2 cores
FULL = ("full_int8.tflite", "int8.onnx")
SURE = 0.5  # of crops that show nothing a network has a name for, two labels share a score of 0.1
EXACT = ("float32.tflite", "float16.tflite", "float32.onnx", "float16.onnx")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("benchmark-export", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument(
        "runs", nargs="*", type=Path, default=[RUN], metavar="RUN", help="(default: runs/fashion_mnist)"
    )
    parser.add_argument("--only", action="append", metavar="NAME", help="parts of a section's name, as in time")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found for programs")
    arguments = parser.parse_args(argv)
    return guard("benchmark-export", lambda: run(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Measures, prints, and judges. Raises EdgeError where a figure was not reached."""
    with tempfile.TemporaryDirectory(prefix="benchmark-export-") as place:
        sections: dict[str, verdicts.Section] = {}
        for number, directory in enumerate(arguments.runs):
            target = Path(place) / str(number)
            sections[f"{directory.name}: time"] = functools.partial(_time, directory, target)
            sections[f"{directory.name}: figures"] = functools.partial(_figures, directory, target)
        sections["pretrained"] = functools.partial(_pretrained, Path(place) / "pretrained", arguments.cache)
        return verdicts.run(sections, arguments.only, "", arguments.json)


def _pretrained(place: Path, cache: Path) -> Iterator[Line]:
    """The road of a network that this kit did not train: import, export, and how sure crops fare in int8."""
    photographs = [*installed(), *carried(cache / "photographs")]
    _python("tools.benchmarks.crops", place, *photographs)
    _python("export", "import", place / "model.keras", "--data", place / "data", "--run", place / "run")
    recipes = ",".join(("float32.tflite", *FULL))
    _python("export", place / "run", "--out", place / "bundle", "--recipes", recipes, "--max-degradation", "100")
    bundle, pixels = open_bundle(place / "bundle"), open_prepared(place / "data").split("test").pixels
    scores = {
        variant.name: np.stack([classifier.classify(picture).scores for picture in pixels])
        for variant in bundle.manifest.variants
        for classifier in [load_classifier(bundle, variant.name)]
    }
    reference = scores.pop("float32.tflite")  # the same labels as Keras: parity.json has 1.0
    sure = reference.max(axis=1) >= SURE
    for name, found in scores.items():
        same = found.argmax(axis=1) == reference.argmax(axis=1)
        note = f"{same[sure].sum()} of {sure.sum()} crops with a top score from {SURE}; {same.sum()} of all {len(same)}"
        yield Line(f"EfficientNet-Lite0: {name}: agreement", float(same[sure].mean()), 0.98, True, note)


def _python(*words: object) -> None:
    done = subprocess.run([sys.executable, "-m", *map(str, words)], cwd=ROOT, check=False)
    if done.returncode:
        raise EdgeError(f"'python -m {' '.join(map(str, words[:2]))} …' failed")


def _exported(directory: Path, target: Path) -> float:
    """Exports all recipes to `target`; returns the seconds."""
    began = time.monotonic()
    # The gate is wide open: what is asked here is judged below, and nothing may be left out.
    _python("export", directory, "--out", target, "--recipes", "all", "--max-degradation", "100")
    return time.monotonic() - began


def _time(directory: Path, target: Path) -> Iterator[Line]:
    taken = _exported(directory, target)
    bare = subprocess.run(
        [sys.executable, "-m", "tools.benchmarks.export_bare", directory],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if bare.returncode:
        raise EdgeError(f"{directory}: the bare conversions failed: {bare.stderr.strip()[-300:]}")
    seconds: dict[str, float] = json.loads(bare.stdout)
    own = sum(seconds.values())
    yield Line(
        f"{directory.name}: all recipes with their proof, seconds", taken, LONGEST, False, "as typed, with every start"
    )
    note = f"{taken:.0f} s and {own:.0f} s: {', '.join(f'{name} {part:.0f}' for name, part in seconds.items())}"
    yield Line(f"{directory.name}: against bare conversions and evaluations", taken / own, 1.5, False, note)


def _figures(directory: Path, target: Path) -> Iterator[Line]:
    if not target.exists():
        _exported(directory, target)
    bundle = open_bundle(target)
    found = {variant.name: variant for variant in bundle.manifest.variants}
    reference = found["float32.tflite"].top1
    for name in FULL:
        points = 100 * (reference - found[name].top1)
        yield Line(
            f"{directory.name}: {name}: points of top-1 below float32",
            points,
            0.2,
            False,
            f"{found[name].top1:.4f} and {reference:.4f}",
        )
        yield _agreement(directory, found[name].name, found[name].agreement, 0.99)
        share = _size(bundle, name) / _size(bundle, f"float32.{name.rpartition('.')[2]}")
        yield Line(
            f"{directory.name}: {name}: share of float32's size", share, 0.3, False, f"{_size(bundle, name):,} bytes"
        )
    for name in EXACT:
        yield _agreement(directory, name, found[name].agreement, 0.9995)
    yield from _speed(directory, bundle)


def _speed(directory: Path, bundle: Bundle) -> Iterator[Line]:
    """Compares int8 with float32 of the same format, one thread, in turns."""
    for name in FULL:
        float32 = f"float32.{name.rpartition('.')[2]}"
        runtimes = {
            one: find(bundle.variant(one).format).load(bundle.file(f"variants/{one}"), 1) for one in (name, float32)
        }
        taken = latency.measure(runtimes, _pictures(bundle))
        note = f"{taken[name] * 1e6:.0f} and {taken[float32] * 1e6:.0f} µs, one thread"
        yield Line(f"{directory.name}: {name}: time against float32", taken[name] / taken[float32], 1.0, False, note)


def _pictures(bundle: Bundle) -> NDArray[np.uint8]:
    paths = [bundle.file(sample.path) for sample in read_golden(bundle).samples]
    return np.stack([preprocess(path, bundle.manifest.spec.preprocessing) for path in paths])


def _agreement(directory: Path, name: str, found: float, wanted: float) -> Line:
    return Line(f"{directory.name}: {name}: agreement with Keras", found, wanted, True, "whole test split")


def _size(bundle: Bundle, name: str) -> int:
    return bundle.manifest.files[f"variants/{name}"].size


if __name__ == "__main__":
    sys.exit(main())
