"""Sixteen cameras on one small machine: how old is a frame when it is judged?"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.benchmark.figures import spread
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.closing import NothingToClose
from edge_runtime.pipeline.lane import Lane
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.result import Prediction, Result
from edge_runtime.sources import Frame
from edge_runtime.sources.replay import ReplaySource
from tools.benchmarks.turns import Line

SOURCES, FPS = 16, 10


class Ages(NothingToClose):
    """A sink that notes how old frames were, and says stop after `seconds`."""

    address, vital = "ages:", True

    def __init__(self, stop: threading.Event, seconds: float) -> None:
        self.ages: list[float] = []
        self._stop = stop
        self._end = time.monotonic() + seconds

    def take(self, result: Result, frame: Frame | None) -> None:
        if isinstance(result, Prediction):
            self.ages.append(result.age)
        if time.monotonic() >= self._end:
            self._stop.set()


def cameras(bundle: Bundle, variant: str, pictures: Sequence[Path], seconds: float) -> list[Line]:
    """Replays files at a camera's pace from all sources at once."""
    classifier = load_classifier(bundle, variant, 1)
    stop = threading.Event()
    sink = Ages(stop, seconds)
    lanes = [Lane(ReplaySource(pictures, address=f"replay:{number}", fps=FPS, rounds=0)) for number in range(SOURCES)]
    totals = Pipeline(lanes, classifier, [sink], stop=stop).run()
    found = spread(sink.ages)
    dropped = sum(totals.dropped.values())
    asked = SOURCES * FPS * seconds
    note = (
        f"{totals.predictions} judged of {asked:.0f}, {dropped} replaced by newer ones, "
        f"age p50 {found.p50 * 1e3:.0f}, p90 {found.p90 * 1e3:.0f} ms"
    )
    counted = (totals.predictions + dropped) / asked
    return [
        Line(f"{SOURCES} sources of {FPS} a second, {variant}: age at p99, ms", found.p99 * 1e3, 250.0, note=note),
        Line("of their frames, judged or counted as dropped", counted, 0.95, True, note="the rest was never given"),
    ]
