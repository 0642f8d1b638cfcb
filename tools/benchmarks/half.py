"""Half of what a pipeline does, in a process of its own: decoding alone, or the interpreter alone.

    python -m tools.benchmarks.half decode|interpret BUNDLE VARIANT PICTURE...

Each line on standard input is a number of seconds; the answer is how many a second were done in that time.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path

from edge_runtime.bundle.store import open_bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.preprocess import preprocess

ROOT = Path(__file__).resolve().parents[2]


class Half:
    """The process as its parent sees it. Whoever opens it, closes it."""

    def __init__(self, which: str, bundle: Path, variant: str, pictures: Sequence[Path]) -> None:
        command = [sys.executable, "-m", "tools.benchmarks.half", which, str(bundle.absolute()), variant]
        self._child = subprocess.Popen(
            [*command, *(str(picture.absolute()) for picture in pictures)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.answer()

    def ask(self, seconds: float) -> None:
        assert self._child.stdin
        self._child.stdin.write(f"{seconds}\n")
        self._child.stdin.flush()

    def answer(self) -> float:
        """Returns a second's count of what was asked last. Raises ValueError where the process has ended."""
        assert self._child.stdout
        return float(self._child.stdout.readline())

    def close(self) -> None:
        self._child.kill()
        self._child.communicate()


def rate(work: Callable[[], object], seconds: float) -> float:
    """Returns how often a second `work` is done."""
    count, began = 0, time.perf_counter()
    while time.perf_counter() < began + seconds:
        work()
        count += 1
    return count / (time.perf_counter() - began)


def main() -> int:
    which, directory, variant, *paths = sys.argv[1:]
    classifier = load_classifier(open_bundle(Path(directory)), variant, threads=1)
    files = cycle([Path(path) for path in paths])
    pixels = preprocess(next(files), classifier.preprocessing)
    work: dict[str, Callable[[], object]] = {
        "decode": lambda: preprocess(next(files), classifier.preprocessing),
        "interpret": lambda: classifier.classify(pixels),
    }
    work[which]()
    print(0.0, flush=True)
    for line in sys.stdin:
        print(rate(work[which], float(line)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
