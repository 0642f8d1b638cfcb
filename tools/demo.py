"""The whole road, on real Fashion-MNIST: what `make demo` runs. Each step is the command a user would type.

    python tools/demo.py [--device cpu|gpu] [--epochs N] [--place DIR] [--engine docker|podman]

What is there already and still right is used again, so that a second run takes seconds.
"""

import argparse
import json
import platform
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, Python looks beside this file only

from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.classifier import choose
from edge_runtime.commands.table import size
from edge_runtime.console import guard
from edge_runtime.sources.files import folder_name
from edge_runtime.stages.prepared import open_prepared
from tools.choices import Failure, choose_device
from tools.containers.engine import NAMES, EngineError
from tools.containers.stage import LOCAL, STAGES, command, where
from tools.picture import draw

ROOT = Path(__file__).resolve().parent.parent
DATASET = "fashion_mnist"
EACH = 2  # test pictures of each label that are written out and classified


def main() -> int:
    """Runs the demonstration and returns the exit code of the first step that fails, or 0."""
    parser = argparse.ArgumentParser("demo", description="Trains, exports, proves and classifies Fashion-MNIST.")
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "gpu"),
        default="auto",
        help="what trains; auto: the GPU where there is one (default: %(default)s)",
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="train at most so long (default: as 'train fit' does)")
    parser.add_argument(
        "--place", type=Path, default=ROOT, metavar="DIR", help="where all goes (default: the checkout)"
    )
    parser.add_argument(
        "--engine", choices=("local", *NAMES), default="local", help="where the steps run (default: %(default)s)"
    )
    arguments = parser.parse_args()
    try:
        return guard("demo", lambda: demo(arguments))
    except (EngineError, Failure) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


def demo(arguments: argparse.Namespace) -> int:
    """Takes every step; each one's output is its own."""
    place: Path = arguments.place
    data, run, bundle = place / "data" / DATASET, place / "runs" / DATASET, place / "bundles" / DATASET
    pictures, tar = place / "pictures" / DATASET, bundle.with_suffix(".tar")
    epochs = ["--epochs", arguments.epochs] if arguments.epochs else []
    started = time.monotonic()

    device = trains_on(arguments.device, f"{platform.system()} {platform.machine()}")
    train, export, edge = (Stage(name, arguments.engine, device) for name in STAGES)
    train.step("1/6", "prepare the dataset", "prepare", "--dataset", DATASET, "--out", data)
    fit = ["fit", "--data", data, "--run", run, "--device", device, *epochs]
    train.step("2/6", f"train a small CNN on the {device.upper()}", *fit)
    train.step("3/6", "evaluate it on the untouched test split", "evaluate", run, "--device", device)
    export.step("4/6", "convert it, prove every variant, write one bundle", run, "--out", bundle, "--tar", tar)
    edge.step("5/6", "check the bundle as a device would", "verify", bundle)
    count = write_pictures(data, pictures)
    classify = ["classify", pictures, "--bundle", bundle, "--truth", "folder", "--format", "table"]
    edge.step("6/6", f"classify {count} test pictures, now PNG files, with the edge runtime", *classify)

    opened = open_bundle(bundle)
    drawing = place / "demo.png"
    draw(opened, pictures, drawing)
    summarise(place, run, opened, tar, pictures, drawing, time.monotonic() - started)
    return 0


def trains_on(asked: str, machine: str) -> str:
    """Returns what trains, cpu or gpu: what `tools/environment.py` takes TensorFlow for; a container has no other.

    Args:
        asked: That, or auto.
        machine: System and processor, as in ``tools.choices.PLATFORMS``.

    Raises:
        Failure: TensorFlow cannot do it on this machine.
    """
    return choose_device(asked, machine).kind


class Stage:
    """Where a stage's commands run: decided once, when the first of them does."""

    def __init__(self, name: str, engine: str, device: str) -> None:
        self._name = name
        self._engine = engine
        self._device = device
        self._where = ""

    def step(self, number: str, what: str, *arguments: object) -> None:
        """Runs one command of the kit after showing it, and ends everything when it fails."""
        words = [readable(str(argument)) for argument in arguments]  # it runs in the checkout
        shown = "edge-runtime" if self._name == "edge" else f"python -m {self._name}"
        print(f"\n[{number}] {what}\n$ {shown} {shlex.join(words)}", flush=True)
        if self._engine != LOCAL and not self._where:
            self._where = where(self._name, self._engine, self._device)
        began = time.monotonic()
        done = subprocess.run(command(self._where or LOCAL, self._name, words, self._device), cwd=ROOT, check=False)
        if done.returncode:
            raise SystemExit(done.returncode)
        print(f"({time.monotonic() - began:.1f} s)", flush=True)


def readable(word: str) -> str:
    """Returns a path in the checkout without the checkout's own path."""
    return str(Path(word).relative_to(ROOT)) if Path(word).is_relative_to(ROOT) else word


def write_pictures(data: Path, target: Path) -> int:
    """Writes the first test pictures of each label as PNG, in a directory named after it; returns how many."""
    prepared = open_prepared(data)
    test, labels = prepared.split("test"), prepared.record.spec.labels
    count = 0
    for number, label in enumerate(labels):
        directory = target / folder_name(label)
        directory.mkdir(parents=True, exist_ok=True)
        for index in np.flatnonzero(test.labels == number)[:EACH]:
            Image.fromarray(test.pixels[index]).save(directory / f"{index:05d}.png")
            count += 1
    return count


def summarise(place: Path, run: Path, bundle: Bundle, tar: Path, pictures: Path, drawing: Path, seconds: float) -> None:
    """Prints what was made, where, how large and how accurate, and what to try next."""
    accuracy = json.loads((run / "metrics.json").read_text())["metrics"]["accuracy"]
    manifest = bundle.manifest
    shipped = choose(manifest.variants)
    rows = [
        ("model", run, f"Keras, test accuracy {accuracy:.4f}"),
        (
            "bundle",
            bundle.directory,
            f"{bundle.short_digest}, {len(manifest.variants)} variants, {size(tar.stat().st_size)} as a tar",
        ),
        (
            "on a device",
            bundle.file(shipped.path),
            f"{size(manifest.files[shipped.path].size)}, test accuracy {shipped.top1:.4f}",
        ),
        ("report", bundle.file("reports/parity.html"), "each variant against the Keras model"),
        ("picture", drawing, "what came out, to look at"),
    ]
    shown = [(name, readable(str(path)), text) for name, path, text in rows]
    widths = [max(len(row[column]) for row in shown) for column in range(2)]
    print(f"\nDone in {seconds:.0f} s. What was made:")
    for name, path, text in shown:
        print(f"  {name:{widths[0]}}  {path:{widths[1]}}  {text}")
    one, folder = readable(str(bundle.directory)), readable(str(pictures))
    run_it = ".venv/bin/edge-runtime"
    print(f"""
Three commands to try next:
  {run_it} classify '{folder}/*/*.png' --bundle {one} --top 1 | head -3
  {run_it} run --bundle {one} --source 'replay:{folder}?fps=2&loop=0'
  {run_it} doctor {one}""")


if __name__ == "__main__":
    sys.exit(main())
