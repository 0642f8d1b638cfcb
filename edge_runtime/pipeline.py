"""From sources through a classifier to sinks, until the sources end or somebody says stop. Frames' threads are here.

One thread a source senses and preprocesses, so that decoding overlaps with judging; the calling thread judges and
tells. A bounded number of frames is held between them. A failure anywhere stops everything and is raised.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from edge_runtime.buffer import Buffer
from edge_runtime.classifier import Classifier
from edge_runtime.heartbeat import Heartbeat
from edge_runtime.judge import judge, see
from edge_runtime.preprocess import Pixels
from edge_runtime.result import Rejection, Result
from edge_runtime.sinks import Sink
from edge_runtime.sources import Frame, Source

HELD = 4  # frames that wait between sensing and judging: enough to overlap, little enough for a small board
IDLE = 0.5  # seconds without a frame after which the loop looks around (heartbeat, stop)


@dataclass
class Totals:
    """What a pipeline has done. `dropped` counts live frames replaced by newer ones, by source address."""

    predictions: int = 0
    rejections: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Seen:
    frame: Frame
    pixels: Pixels


class Pipeline:
    """Runs once.

    Args:
        sources: Entered and left by `run`.
        classifier: Judges every frame.
        sinks: Entered and left by `run`; each is told every result.
        stop: Set it to end `run` after the frame in hand.
        heartbeat: Beats while the judging loop goes round.
        top: How many labels a prediction names.
        now: Seconds since 1970.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        classifier: Classifier,
        sinks: Sequence[Sink],
        *,
        stop: threading.Event,
        heartbeat: Heartbeat | None = None,
        top: int = 3,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sources = sources
        self._classifier = classifier
        self._sinks = sinks
        self._stop = stop
        self._heartbeat = heartbeat
        self._top = top
        self._now = now
        self._buffer: Buffer[_Seen | Rejection] = Buffer(HELD)
        self._sensing = 0
        self._lock = threading.Lock()
        self._failure: BaseException | None = None

    def run(self) -> Totals:
        """Judges frames until all sources have ended or `stop` is set; returns what was done.

        Raises:
            EdgeError: A source or sink failed; sources and sinks are closed by then.
        """
        totals = Totals()
        with contextlib.ExitStack() as stack:
            for sink in self._sinks:
                stack.enter_context(sink)
            for source in self._sources:
                stack.enter_context(source)
            threads = [
                threading.Thread(target=self._sense, args=(source,), name=source.address) for source in self._sources
            ]
            self._sensing = len(threads)
            stack.callback(self._end, threads)
            for thread in threads:
                thread.start()
            if not threads:
                self._buffer.close()
            self._judge(totals)
        totals.dropped = self._buffer.dropped
        if self._failure:
            raise self._failure
        return totals

    def _judge(self, totals: Totals) -> None:
        while True:
            if self._heartbeat:
                self._heartbeat.beat(totals.predictions, totals.rejections, self._buffer.dropped)
            item = None if self._stop.is_set() else self._buffer.get(IDLE)
            if item is None:
                if self._stop.is_set() or self._buffer.finished:
                    return
                continue
            result: Result
            if isinstance(item, Rejection):
                result = item
                totals.rejections += 1
            else:
                result = judge(item.frame, item.pixels, self._classifier, self._top, self._now)
                totals.predictions += 1
            for sink in self._sinks:
                sink.take(result)

    def _sense(self, source: Source) -> None:
        try:
            for frame in source.frames(self._stop):
                if not self._buffer.put(source.address, self._see(frame), source.live):
                    return
        except BaseException as error:  # noqa: BLE001  whatever it is, it must end the program, not only this thread
            self._failure = self._failure or error
            self._stop.set()
        finally:
            with self._lock:
                self._sensing -= 1
                last = not self._sensing
            if last:
                self._buffer.close()

    def _see(self, frame: Frame) -> _Seen | Rejection:
        seen = see(frame, self._classifier.preprocessing)
        return seen if isinstance(seen, Rejection) else _Seen(frame, seen)

    def _end(self, threads: Sequence[threading.Thread]) -> None:
        self._stop.set()
        self._buffer.close()
        for thread in threads:
            if thread.ident is not None:  # one that was never started cannot be joined
                thread.join()
