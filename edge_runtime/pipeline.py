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
from dataclasses import dataclass, field

from edge_runtime.belt import Belt
from edge_runtime.buffer import Buffer
from edge_runtime.classifier import Classifier
from edge_runtime.heartbeat import Heartbeat
from edge_runtime.judge import judge, see
from edge_runtime.lane import Lane
from edge_runtime.preprocess import Pixels, preprocess
from edge_runtime.result import Prediction, Rejection, Result, SourceChange
from edge_runtime.sinks import Sink
from edge_runtime.sinks.worker import Worker
from edge_runtime.sources import Frame, Notice, Picture, State
from edge_runtime.status import Board

HELD = 4  # frames that wait to be prepared: enough to overlap, little enough for a small board
IDLE = 0.5  # seconds without a frame after which the loop looks around (heartbeat, stop)
LAST_WORDS = 1.0  # seconds that sinks get for what waits when a run is stopped; a stop takes 2 at most


@dataclass
class Totals:
    """What a pipeline has done. `dropped` counts live frames replaced by newer ones, by source address."""

    predictions: int = 0
    rejections: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Rules:
    """How frames are judged.

    Attributes:
        top: How many labels a prediction names.
        threshold: The score below which the best label does not count; None: the model's own.
        preparers: Threads that decode and resize.
    """

    top: int = 3
    threshold: float | None = None
    preparers: int = 1


@dataclass(frozen=True)
class _Sensed:
    lane: Lane
    item: Frame | Notice


@dataclass(frozen=True)
class _Seen:
    lane: Lane
    item: Frame | Notice
    pixels: Pixels | Rejection | None
    classifier: Classifier  # whose preprocessing it was prepared by


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
        rules: Rules = Rules(),
        successor: Callable[[], Classifier | None] = no_successor,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lanes = lanes
        self._classifier = classifier
        self._stop = stop
        self._heartbeat = heartbeat
        self._rules = rules
        self._successor = successor
        self._now = now
        self._clock = clock
        self._buffer: Buffer[_Sensed] = Buffer(HELD)
        self._belt = Belt(self._buffer, self._prepare, rules.preparers)
        self._states: dict[str, State] = {}
        self._totals = Totals()
        self._sensing = 0
        self._lock = threading.Lock()
        self._judging = threading.Lock()  # an interpreter is called from one thread at a time
        self._failure: BaseException | None = None
        self._last_word = 0.0  # when sinks must have told what waits, by the clock
        self._sinks = [Worker(sink, self._fail) for sink in sinks]
        addresses = [lane.source.address for lane in lanes]
        self.board = Board(
            *(classifier.identity, addresses, lambda: self._buffer.dropped),
            lambda: tuple(worker.status() for worker in self._sinks),
            now,
        )

    @property
    def classifier(self) -> Classifier:
        """The one that judges now."""
        return self._classifier

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
                for number in range(self._rules.preparers)
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
        self._totals.dropped = self._buffer.dropped
        if self._failure:
            raise self._failure
        return self._totals

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
        totals = self._totals
        while True:
            if self._heartbeat:
                self._heartbeat.beat(totals.predictions, totals.rejections, self._buffer.dropped, self._troubles())
            if self._stop.is_set():
                return
            if successor := self._successor():
                self._take_over(successor)
            seen = self._belt.get(IDLE)
            if seen is not None:
                self._take(seen)
            elif self._belt.finished:
                return

    def judge_aside(self, picture: Picture) -> Prediction:
        """Returns the prediction for a picture of somebody who waits for it; it is told to no sink. From any thread.

        Raises:
            PictureError: It cannot be decoded.
        """
        frame = Frame("request", 0, self._now(), picture)
        while True:
            classifier = self._classifier
            pixels = preprocess(picture, classifier.preprocessing)
            with self._judging:
                if classifier is self._classifier:
                    return judge(frame, pixels, classifier, len(classifier.labels), self._threshold, self._clock)

    @property
    def _threshold(self) -> float:
        wanted = self._rules.threshold
        return self._classifier.threshold if wanted is None else wanted

    def _take_over(self, successor: Classifier) -> None:
        with self._judging:
            self._classifier = successor
        self.board.note_model(successor.identity)
        if self._heartbeat:
            self._heartbeat.model = successor.identity.title

    def _take(self, seen: _Seen) -> None:
        """Does all that is to be done for one frame or notice."""
        lane, item, pixels = seen.lane, seen.item, seen.pixels
        if isinstance(item, Notice):
            self._change(lane, item.state, item.reason)
            return
        if seen.classifier.preprocessing != self._classifier.preprocessing:  # a new model has taken over since
            pixels = see(item, self._classifier.preprocessing, lane.region)
        assert pixels is not None
        if isinstance(pixels, Rejection):
            self._totals.rejections += 1
            self._tell(lane, pixels, item)
            return
        if not self._is_live(lane, item, pixels):
            return
        if lane.gate and not lane.gate.passes(pixels, item.taken):
            self.board.note_still(lane.source.address)
            return
        rules = self._rules
        with self._judging:
            prediction = judge(item, pixels, self._classifier, rules.top, self._threshold, self._clock)
        self._totals.predictions += 1
        self._tell(lane, prediction, item)
        if lane.smoother and (event := lane.smoother.update(prediction, item.taken)):
            self._tell(lane, event, item)

    def _is_live(self, lane: Lane, frame: Frame, pixels: Pixels) -> bool:
        """Whether a frame shows the world as it is. If not it is counted, and the source's change told once."""
        state: State = "live"
        reason = ""
        address = lane.source.address
        if lane.source.live:
            age = self._clock() - frame.taken
            if age > lane.max_age:
                state, reason = "stale", f"its frames are {age:.1f} s old when they could be judged"
            elif lane.monitor:
                state = lane.monitor.look(frame, pixels)
        if state != "live" or lane.source.live or address in self._states:
            self._change(lane, state, reason)
        if state == "live":
            return True
        self._totals.rejections += 1
        self.board.note_refused(address, state)
        return False

    def _troubles(self) -> dict[str, str]:
        return {address: state for address, state in self._states.items() if state != "live"}

    def _change(self, lane: Lane, state: State, reason: str) -> None:
        address = lane.source.address
        if self._states.get(address) != state:
            self._states[address] = state
            self._tell(lane, SourceChange(address, self._now(), state, reason), None)

    def _tell(self, lane: Lane, result: Result, frame: Frame | None) -> None:
        self.board.note(result)
        for worker in self._sinks:
            worker.offer(result, frame, patient=not lane.source.live)

    def _prepare(self, sensed: _Sensed) -> _Seen:
        classifier = self._classifier
        pixels = None
        if isinstance(sensed.item, Frame):
            pixels = see(sensed.item, classifier.preprocessing, sensed.lane.region)
        return _Seen(sensed.lane, sensed.item, pixels, classifier)

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
