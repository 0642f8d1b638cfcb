"""What is done with one frame once it was seen: is it live, does it matter, what is it, who is told.

Nothing here starts a thread. All of it is called from the one thread that judges, except `judge_aside`.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_runtime.classifier import Classifier
from edge_runtime.judge import judge, see
from edge_runtime.pipeline.lane import Lane
from edge_runtime.preprocess import Pixels, preprocess
from edge_runtime.result import Prediction, Rejection, Result, SourceChange
from edge_runtime.sources import Frame, Notice, Picture, State
from edge_runtime.status import Board

Tell = Callable[[Lane, Result, Frame | None], None]
"""Tells everybody a result of a lane, with the frame that it is about."""


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


DEFAULT_RULES = Rules()


@dataclass
class Totals:
    """What a pipeline has done. `dropped` counts live frames replaced by newer ones, by source address."""

    predictions: int = 0
    rejections: int = 0
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A frame as a model sees it, or a notice of its source.

    Attributes:
        lane: Where it comes from.
        item: The frame or notice.
        pixels: What the model sees of the frame, or why it cannot; None for a notice.
        classifier: Whose preprocessing it was prepared by.
    """

    lane: Lane
    item: Frame | Notice
    pixels: Pixels | Rejection | None
    classifier: Classifier


class Judging:
    """Judges what was seen and tells what came of it.

    Args:
        classifier: Judges every frame, until another takes over.
        rules: How frames are judged.
        board: Is told what is known of the run.
        tell: Told every result.
        now: Seconds since 1970.
        clock: Seconds of the clock that is never set.

    Attributes:
        classifier: The one that judges now.
        totals: What was done so far.
    """

    def __init__(
        self,
        classifier: Classifier,
        rules: Rules,
        board: Board,
        tell: Tell,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.classifier = classifier
        self.totals = Totals()
        self._rules = rules
        self._board = board
        self._tell = tell
        self._now = now
        self._clock = clock
        self._states: dict[str, State] = {}
        self._lock = threading.Lock()  # an interpreter is called from one thread at a time

    @property
    def troubles(self) -> dict[str, str]:
        """The state of each source that is not live, by address."""
        return {address: state for address, state in self._states.items() if state != "live"}

    def prepare(self, lane: Lane, item: Frame | Notice) -> Seen:
        """Returns an item as the classifier sees it. From any thread."""
        classifier = self.classifier
        pixels = see(item, classifier.preprocessing, lane.region) if isinstance(item, Frame) else None
        return Seen(lane, item, pixels, classifier)

    def take_over(self, successor: Classifier) -> None:
        """From the next frame on, `successor` judges."""
        with self._lock:
            self.classifier = successor
        self._board.note_model(successor.identity)

    def judge_aside(self, picture: Picture) -> Prediction:
        """Returns the prediction for a picture of somebody who waits for it; told to nobody else. From any thread.

        Raises:
            PictureError: It cannot be decoded.
        """
        frame = Frame("request", 0, self._now(), picture)
        while True:
            classifier = self.classifier
            pixels = preprocess(picture, classifier.preprocessing)
            with self._lock:
                if classifier is self.classifier:
                    return judge(frame, pixels, classifier, len(classifier.labels), self._threshold, self._clock)

    def take(self, seen: Seen) -> None:
        """Does all that is to be done for one frame or notice."""
        lane, item, pixels = seen.lane, seen.item, seen.pixels
        if isinstance(item, Notice):
            self._change(lane, item.state, item.reason)
            return
        if seen.classifier.preprocessing != self.classifier.preprocessing:  # a new model has taken over since
            pixels = see(item, self.classifier.preprocessing, lane.region)
        assert pixels is not None
        if isinstance(pixels, Rejection):
            self.totals.rejections += 1
            self._tell(lane, pixels, item)
        elif self._is_live(lane, item, pixels):
            self._judge(lane, item, pixels)

    def _judge(self, lane: Lane, frame: Frame, pixels: Pixels) -> None:
        if lane.gate and not lane.gate.passes(pixels, frame.taken):
            self._board.note_still(lane.source.address)
            return
        with self._lock:
            prediction = judge(frame, pixels, self.classifier, self._rules.top, self._threshold, self._clock)
        self.totals.predictions += 1
        self._tell(lane, prediction, frame)
        if lane.smoother and (event := lane.smoother.update(prediction, frame.taken)):
            self._tell(lane, event, frame)

    @property
    def _threshold(self) -> float:
        wanted = self._rules.threshold
        return self.classifier.threshold if wanted is None else wanted

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
        self.totals.rejections += 1
        self._board.note_refused(address, state)
        return False

    def _change(self, lane: Lane, state: State, reason: str) -> None:
        address = lane.source.address
        if self._states.get(address) != state:
            self._states[address] = state
            self._tell(lane, SourceChange(address, self._now(), state, reason), None)
