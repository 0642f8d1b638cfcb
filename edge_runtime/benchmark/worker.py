"""The process that measures one case. Told what to do by lines of JSON on standard input; answers each with one.

A process of its own, so that its memory and its first result are those of this case alone; while it waits for its turn
it uses no CPU.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_runtime.bundle.store import open_bundle
from edge_runtime.classifier import BundleClassifier, best, load_classifier
from edge_runtime.closing import NothingToClose
from edge_runtime.errors import BundleError, EdgeError
from edge_runtime.preprocess import decode, resize
from edge_runtime.result import Prediction, Result
from edge_runtime.runtimes import INTERPRETERS
from edge_runtime.sources import Frame

TOP = 5


def main() -> int:
    """Answers until standard input ends."""
    worker: Worker | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if worker is None:
                worker = Worker(**asked)
                answer = worker.start()
            elif asked["do"] == "turn":
                answer = worker.turn(asked["seconds"])
            else:
                answer = worker.pipelined(asked["seconds"])
        except EdgeError as error:
            answer = {"failure": str(error)}
        print(json.dumps(answer), flush=True)
    return 0


class Worker:
    """Measures one case.

    Args:
        bundle: The bundle's directory.
        variant: Of it.
        package: The interpreter.
        threads: Of it.
        digest: The bundle's when its signature was checked; empty: any.
        pictures: Files that are judged, over and over.

    Raises:
        BundleError: It cannot be opened, or another one lies there now.
    """

    def __init__(self, bundle: str, variant: str, package: str, threads: int, digest: str, pictures: list[str]) -> None:
        self._bundle = open_bundle(Path(bundle))
        if digest and self._bundle.digest != digest:
            raise BundleError(f"{bundle}: another bundle lies there since the measurement began; try again")
        self._variant, self._threads = variant, threads
        self._interpreter = next(one for one in INTERPRETERS if one.package == package)
        self._pictures = [Path(picture) for picture in pictures]
        self._classifier: BundleClassifier | None = None
        self._next = 0

    def start(self) -> dict[str, Any]:
        """Loads and judges the first picture."""
        began = time.perf_counter()
        self._classifier = load_classifier(self._bundle, self._variant, self._threads, self._interpreter)
        loaded = time.perf_counter()
        self._query(self._classifier)
        return {
            "runtime": self._classifier.identity.runtime,
            "load": loaded - began,
            "first": time.perf_counter() - loaded,
            "rss": resident(),
        }

    def turn(self, seconds: float) -> dict[str, Any]:
        """Judges one file after the other for so long; the first one wakes the processor and does not count."""
        assert self._classifier
        self._query(self._classifier)
        taken: list[tuple[float, float, float, float]] = []
        end = time.perf_counter() + seconds
        while not taken or time.perf_counter() < end:
            taken.append(self._query(self._classifier))
        names = ("decode", "resize", "interpreter", "total")
        return {name: [query[number] for query in taken] for number, name in enumerate(names)} | {"rss": resident()}

    def pipelined(self, seconds: float) -> dict[str, Any]:
        """Judges files through the pipeline, where decoding overlaps with the interpreter, for so long."""
        from edge_runtime.pipeline.lane import Lane
        from edge_runtime.pipeline.pipeline import Pipeline
        from edge_runtime.sources.replay import ReplaySource

        assert self._classifier
        stop = threading.Event()
        counter = Counter(stop, seconds)
        source = ReplaySource(self._pictures, rounds=0)
        Pipeline([Lane(source)], self._classifier, [counter], stop=stop).run()
        return {"throughput": counter.rate, "rss": resident()}

    def _query(self, classifier: BundleClassifier) -> tuple[float, float, float, float]:
        path = self._pictures[self._next % len(self._pictures)]
        self._next += 1
        began = time.perf_counter()
        image, box = decode(path, classifier.preprocessing)
        decoded = time.perf_counter()
        pixels = resize(image, box, classifier.preprocessing)
        resized = time.perf_counter()
        judgement = classifier.classify(pixels)
        best(classifier.labels, judgement.scores, TOP)
        return decoded - began, resized - decoded, judgement.latency, time.perf_counter() - began


class Counter(NothingToClose):
    """A sink that counts predictions and says stop after `seconds`; what came before the first is not counted.

    Attributes:
        rate: Predictions a second.
    """

    address, vital = "counter:", True

    def __init__(self, stop: threading.Event, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self.rate = 0.0
        self._stop = stop
        self._seconds = seconds
        self._clock = clock
        self._count = 0
        self._began = 0.0

    def take(self, result: Result, frame: Frame | None) -> None:
        if not isinstance(result, Prediction) or self._stop.is_set():
            return
        now = self._clock()
        if not self._began:
            self._began = now
            return
        self._count += 1
        self.rate = self._count / max(now - self._began, 1e-9)
        if now - self._began >= self._seconds:
            self._stop.set()


def resident() -> int:
    """Returns the bytes of memory that this process holds; 0 where the kernel does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


if __name__ == "__main__":
    sys.exit(main())
