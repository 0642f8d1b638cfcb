"""``make benchmark-edge``: is the edge runtime as fast as it must be? Ratios, measured side by side in one run.

    python -m tools.benchmarks.edge [--quick] [--only NAME] [--json FILE]

What is compared stands in the same run, in turns: figures of another machine or another hour say nothing. The full run
takes 5 to 8 minutes on 2 cores, with --quick about 2. Exit code 1 when a ratio was not reached, 3 when one could not be
measured. Two cores must be free: where something else takes them, what is pipelined is the first to suffer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.console import guard, say
from edge_runtime.errors import EdgeError
from tools.benchmarks import beside_mediapipe, judging, live, starting, verdicts
from tools.benchmarks.photographs import carried, installed, parts, resized, size
from tools.benchmarks.verdicts import Section

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-runtime/benchmarks"
CNN = ROOT / "bundles/fashion_mnist"
INT8, FLOAT = "full_int8.tflite", "float32.tflite"
SMALL, LARGE = (640, 427), (4000, 3000)


class Materials:
    """Bundles and pictures, made once and kept in the user's cache.

    Attributes:
        efficientnet: A network of 4.7 million parameters at 224 × 224.
        cnn: The one for small cameras, where `make demo` has left it; else None.
        small: JPEG photographs of 640 × 427, saved at quality 90 (4:2:0).
        shipped: Those that have this size as their package ships them (4:4:4).
        large: The same with 12 megapixels.
    """

    def __init__(self, place: Path, cnn: Path, count: int) -> None:
        photographs = installed()
        pictures = place / "pictures"
        self.small = [resized(path, pictures, SMALL) for path in photographs]
        self.shipped = [path for path in photographs if size(path) == SMALL]
        self.large = [resized(path, pictures, LARGE) for path in photographs]
        self._photographs, self._place, self._count = photographs, place, count
        self.efficientnet = _efficientnet(place, photographs)
        self.cnn = open_bundle(cnn) if cnn.is_dir() else None

    def parts(self) -> list[Path]:
        """Returns many parts of photographs. Raises RuntimeError where some cannot be fetched."""
        photographs = [*self._photographs, *carried(self._place / "photographs")]
        return parts(photographs, self._place / "pictures", self._count)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("benchmark-edge", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds: a look, no verdict to rely on")
    parser.add_argument("--only", action="append", metavar="NAME", help="parts of a section's name, as in pipelined")
    parser.add_argument("--cnn", type=Path, default=CNN, metavar="BUNDLE", help="(default: bundles/fashion_mnist)")
    parser.add_argument("--cache", type=Path, default=CACHE, metavar="DIR", help="(default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found for programs")
    arguments = parser.parse_args(argv)
    return guard("benchmark-edge", lambda: run(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Measures, prints, and judges.

    Raises:
        EdgeError: A ratio was not reached.
        IncompleteError: One could not be measured.
    """
    quick = arguments.quick
    given = Materials(arguments.cache, arguments.cnn, 80 if quick else 400)
    return verdicts.run(
        sections(given, arguments.cache, quick), arguments.only, "QUICK" if quick else "", arguments.json
    )


def sections(given: Materials, cache: Path, quick: bool) -> dict[str, Section]:
    """Returns what is measured, by name."""
    net, cnn, small, large = given.efficientnet, given.cnn, given.small, given.large
    rounds = 10 if quick else 40
    both = (INT8, FLOAT)
    found: dict[str, Section] = {
        "memory to top 5": lambda: [judging.from_memory(net, variant, small[0], rounds) for variant in both],
        "one thread": lambda: [
            *(judging.one_after_the_other(net, variant, small, "640 × 427", rounds) for variant in both),
            judging.one_after_the_other(net, INT8, large, "12 megapixels", rounds // 5),
        ],
        "pipelined": lambda: [
            *(judging.pipelined(net, variant, small, "640 × 427", 1.5, 2 if quick else 7) for variant in both),
            judging.pipelined(net, INT8, large, "12 megapixels", 1.5, 2 if quick else 7),
        ],
        "reduced decoding": lambda: judging.reduced(net, FLOAT, large, given.parts(), 3 if quick else 10),
        "mediapipe": lambda: beside_mediapipe.compare(
            net,
            INT8,
            [
                ("640 × 427 as shipped", given.shipped, 1.3),
                ("640 × 427 at quality 90", small, 1.2),
                ("12 megapixels", large, 4.0),
            ],
            cache,
            2 if quick else 5,
        ),
        "typed to result": lambda: [
            starting.typed_to_result(bundle, INT8, small[0], 7 if quick else 25) for bundle in (cnn, net) if bundle
        ],
        "resident memory": lambda: [starting.memory(bundle, INT8, small[0]) for bundle in (cnn, net) if bundle],
        "cameras": lambda: live.cameras(_there(cnn), INT8, small, 6 if quick else 30),
    }
    return found


def _there(bundle: Bundle | None) -> Bundle:
    if bundle is None:
        raise EdgeError("no bundle of a small network: make demo, or say --cnn BUNDLE")
    return bundle


def _efficientnet(place: Path, photographs: Sequence[Path]) -> Bundle:
    """Returns the bundle; made in a process of its own, which TensorFlow may fill with a gigabyte."""
    target = place / "efficientnet-imagenet-square"
    if not (target / "manifest.json").exists():
        say("making EfficientNet-Lite0 a bundle, once: half a minute")
        command = [sys.executable, "-m", "tools.benchmarks.efficientnet", target, *photographs]
        made = subprocess.run([*map(str, command)], cwd=ROOT, capture_output=True, text=True, check=False)
        if made.returncode:
            raise EdgeError(f"EfficientNet-Lite0 cannot be made: {made.stderr.strip()[-500:]}")
    return open_bundle(target)


if __name__ == "__main__":
    sys.exit(main())
