"""From sources through a classifier to sinks, until the sources end or somebody says stop. Frames' threads are here.

One thread a source senses; a few prepare what was sensed, so that decoding overlaps with judging; the calling thread
judges, in order; each sink has a thread of its own. A bounded number of frames is held between them. A failure that no
source or sink can live with stops everything and is raised.
"""

import contextlib
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_runtime.classifier import Classifier
from edge_runtime.heartbeat import Heartbeat
from edge_runtime.pipeline.belt import Belt
from edge_runtime.pipeline.buffer import Buffer
from edge_runtime.pipeline.judging import DEFAULT_RULES, Judging, Rules, Totals
from edge_runtime.pipeline.lane import Lane
from edge_runtime.result import Prediction, Result
from edge_runtime.sinks import Sink
from edge_runtime.sinks.worker import Worker
from edge_runtime.sources import Frame, Notice, Picture
from edge_runtime.status import Board

HELD = 4  # frames that wait to be prepared: enough to overlap, little enough for a small board
IDLE = 0.5  # seconds without a frame after which the loop looks around (heartbeat, stop)
LAST_WORDS = 1.0  # seconds that sinks get for what waits when a run is stopped; a stop takes 2 at most


@dataclass(frozen=True)
class _Sensed:
    lane: Lane
    item: Frame | Notice


def no_successor() -> Classifier | None:
    return None


class Pipeline:
    """Runs once.

    Args:
        lanes: Their sources are entered and left by `run`.
        classifier: Judges every frame.
        sinks: Entered and left by `run`; each is told every result.
        stop: Set it to end `run` after the frame in hand.
        heartbeat: Beats while the judging loop goes round.
        rules: How frames are judged.
        successor: Asked between two frames for a classifier that takes over; must answer at once.
        now: Seconds since 1970.
        clock: Seconds of the clock that is never set.

    Attributes:
        board: What is known of this run.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        classifier: Classifier,
        sinks: Sequence[Sink],
        *,
        stop: threading.Event,
        heartbeat: Heartbeat | None = None,
        rules: Rules = DEFAULT_RULES,
        successor: Callable[[], Classifier | None] = no_successor,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lanes = lanes
        self._stop = stop
        self._heartbeat = heartbeat
        self._preparers = rules.preparers
        self._successor = successor
        self._clock = clock
        self._buffer: Buffer[_Sensed] = Buffer(HELD)
        self._sensing = 0
        self._lock = threading.Lock()
        self._failure: BaseException | None = None
        self._last_word = 0.0  # when sinks must have told what waits, by the clock
        self._sinks = [Worker(sink, self._fail) for sink in sinks]
        addresses = [lane.source.address for lane in lanes]
        self.board = Board(
            *(classifier.identity, addresses, lambda: self._buffer.dropped),
            lambda: tuple(worker.status() for worker in self._sinks),
            now,
            {lane.source.address: lane.region for lane in lanes},
        )
        self._judging = Judging(classifier, rules, self.board, self._tell, now, clock)
        self._belt = Belt(self._buffer, lambda sensed: self._judging.prepare(sensed.lane, sensed.item), rules.preparers)

    @property
    def classifier(self) -> Classifier:
        """The one that judges now."""
        return self._judging.classifier

    def run(self) -> Totals:
        """Judges frames until all sources have ended or `stop` is set; returns what was done.

        Raises:
            EdgeError: A source or sink failed; sources and sinks are closed by then.
        """
        with contextlib.ExitStack() as stack:
            for worker in self._sinks:
                worker.start()
                stack.callback(self._finish, worker)
            for lane in self._lanes:
                stack.enter_context(lane.source)
            threads = [
                threading.Thread(target=self._sense, args=(lane,), name=lane.source.address) for lane in self._lanes
            ]
            threads += [
                threading.Thread(target=self._guarded, args=(lambda: self._belt.work(IDLE),), name=f"prepare {number}")
                for number in range(self._preparers)
            ]
            self._sensing = len(self._lanes)
            stack.callback(self._end, threads)
            if not self._lanes:
                self._buffer.close()
            for thread in threads:
                thread.start()
            self._judge()
            if not self._stop.is_set():
                self._last_word = math.inf
        if self._failure:
            raise self._failure
        totals = self._judging.totals
        totals.dropped = self._buffer.dropped
        return totals

    def _finish(self, worker: Worker) -> None:
        worker.finish(self._patience())

    def _patience(self) -> float | None:
        """Returns the seconds that a sink has left; None for as long as it takes."""
        if self._last_word == math.inf and not self._failure:
            return None
        if not self._last_word or self._last_word == math.inf:
            self._last_word = self._clock() + LAST_WORDS
        return max(0.0, self._last_word - self._clock())

    def _judge(self) -> None:
        judging = self._judging
        while True:
            if self._heartbeat:
                totals = judging.totals
                self._heartbeat.beat(totals.predictions, totals.rejections, self._buffer.dropped, judging.troubles)
            if self._stop.is_set():
                return
            if successor := self._successor():
                judging.take_over(successor)
                if self._heartbeat:
                    self._heartbeat.model = successor.identity.title
            seen = self._belt.get(IDLE)
            if seen is not None:
                judging.take(seen)
            elif self._belt.finished:
                return

    def judge_aside(self, picture: Picture) -> Prediction:
        """See `Judging.judge_aside`."""
        return self._judging.judge_aside(picture)

    def _tell(self, lane: Lane, result: Result, frame: Frame | None) -> None:
        self.board.note(result)
        for worker in self._sinks:
            worker.offer(result, frame, patient=not lane.source.live)

    def _sense(self, lane: Lane) -> None:
        try:
            self._guarded(lambda: self._pass_on(lane))
        finally:
            with self._lock:
                self._sensing -= 1
                last = not self._sensing
            if last:
                self._buffer.close()

    def _pass_on(self, lane: Lane) -> None:
        source = lane.source
        for item in source.frames(self._stop):
            live = source.live and isinstance(item, Frame)
            if not self._buffer.put(source.address, _Sensed(lane, item), live):
                return

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  whatever it is, it must end the program, not only this thread
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        with self._lock:
            self._failure = self._failure or error
        self._stop.set()
        self._buffer.close()

    def _end(self, threads: Sequence[threading.Thread]) -> None:
        self._stop.set()
        self._buffer.close()
        self._belt.close()
        for thread in threads:
            if thread.ident is not None:  # one that was never started cannot be joined
                thread.join()
