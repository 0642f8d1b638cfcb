"""Does memory stay flat? Replays pictures a million times through all that a run consists of and watches the memory.

    python -m tools.benchmarks.soak BUNDLE PICTURES [--frames 1000000]

Exit code 1 when more is held at the end than 2 % above what was held after the first ten thousand frames.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from edge_runtime.bundle.store import open_bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.closing import NothingToClose
from edge_runtime.commands.numbers import positive
from edge_runtime.console import guard, say
from edge_runtime.events.motion import MotionGate
from edge_runtime.events.smoothing import EventSmoother
from edge_runtime.pipeline.lane import Lane
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.result import Prediction, Result
from edge_runtime.sinks.open import open_sink
from edge_runtime.sources import Frame
from edge_runtime.sources.files import expand
from edge_runtime.sources.health import FrameHealth
from edge_runtime.sources.replay import ReplaySource

WARM = 10_000  # frames after which everything has been allocated that ever will be
ALLOWED = 1.02
PICTURES = 100


class Scale(NothingToClose):
    """A sink that weighs the process now and then."""

    address, vital = "scale:", True

    def __init__(self, every: int) -> None:
        self.weights: dict[int, int] = {}
        self._every = every
        self._count = 0

    def take(self, result: Result, frame: Frame | None) -> None:
        if isinstance(result, Prediction):
            self._count += 1
            if self._count == WARM or self._count % self._every == 0:
                self.weights[self._count] = resident()
                say(f"{self._count:>9,} frames  {self.weights[self._count] / 1e6:7.2f} MB")


def resident() -> int:
    """Returns the bytes of memory that this process holds: VmRSS of proc(5)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("soak", description="Watch the memory over many frames.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("pictures", help="a directory or glob")
    parser.add_argument("--frames", type=positive, default=1_000_000, metavar="N", help="(default: %(default)s)")
    arguments = parser.parse_args(argv)
    return guard("soak", lambda: soak(arguments.bundle, arguments.pictures, arguments.frames))


def soak(directory: Path, pictures: str, frames: int) -> int:
    """Returns the exit code."""
    paths = expand([pictures])[:PICTURES]
    arrays = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    scale = Scale(max(WARM, frames // 20))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch:
        # Everything that keeps something from frame to frame, and two sinks that are bounded on disk.
        lane = Lane(
            ReplaySource(arrays, rounds=-(-frames // len(arrays))),
            monitor=FrameHealth(),
            gate=MotionGate(),
            smoother=EventSmoother(),
        )
        sinks = [open_sink(f"jsonl:{scratch}/results.jsonl?size=1M&keep=2"), scale]
        pipeline = Pipeline([lane], load_classifier(open_bundle(directory), threads=1), sinks, stop=threading.Event())
        totals = pipeline.run()
    seconds = time.monotonic() - started
    judged = pipeline.board.snapshot().sources[0]
    say(f"{totals.predictions:,} judged and {judged.still:,} passed over in {seconds:.0f} s")
    if WARM not in scale.weights:
        say("too few frames to tell")
        return 1
    ratio = resident() / scale.weights[WARM]
    print(f"memory at the end / after {WARM:,} frames: {ratio:.4f} (at most {ALLOWED} allowed)")
    return 0 if ratio <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
