"""From predictions to events: a source's label changes when the change has lasted, and not for one odd frame.

Each prediction stands for the time since the one before it, so that a burst of frames weighs no more than its seconds.
In the window of the last seconds every label gets a weight from 0 to 1; `enter`, `leave` and `hold` make a change of
it. ``unknown`` is an outcome like a label, and also what is told when nothing is sure for long.

Two things hold, whatever the scores:
- What is seen for less than `hold` seconds, from its first frame to its last, and then gone again makes no event.
- What stays, with a weight of at least `enter`, makes one within `window` + `hold` seconds and `frames` predictions.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal, get_args

from edge_runtime.classifier import Identity
from edge_runtime.console import did_you_mean
from edge_runtime.errors import FieldError
from edge_runtime.result import UNKNOWN, Event, Prediction

Method = Literal["majority", "average", "none"]
ROUNDING = 1e-9  # a window full of one label sums to 0.9999999999999999 of it now and then, and enter may be 1


@dataclass(frozen=True)
class Smoothing:
    """The rule.

    Attributes:
        method: What a prediction adds to its labels. `majority`: one vote for its label. `average`: each named label's
            score; those that it does not name count as zero, so an average is never more than with all scores, and
            never less by more than the last named score. `none`: every change of label is an event at once, and the
            other values do not count.
        window: Seconds of predictions that are looked at together; 0 is the last one alone.
        enter: The weight, above 0 to 1, from which a label counts. With `average` choose it by the model's scores.
        leave: The weight below which the label that was told no longer counts; at most `enter`.
        hold: Seconds that a change must last.
        frames: Predictions that must bear a change out; with `window` and `hold` 0 the only measure, as is right for
            files, which come as fast as they can be read.
        gap: Seconds without a prediction after which those before count no more. More than a motion gate's
            `at_least_every`, else a change that happens without motion is never sure.
    """

    method: Method = "majority"
    window: float = 1.0
    enter: float = 0.6
    leave: float = 0.4
    hold: float = 0.5
    frames: int = 2
    gap: float = 30.0

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise FieldError(f"method: '{self.method}' is not possible{did_you_mean(self.method, get_args(Method))}")
        for name in ("window", "hold"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise FieldError(f"{name}: seconds from 0 expected, {value} found")
        if not 0 < self.enter <= 1:
            raise FieldError(f"enter: a number above 0 to 1 expected, {self.enter} found")
        if not 0 < self.leave <= self.enter:
            raise FieldError(f"leave: a number above 0 to enter ({self.enter}) expected, {self.leave} found")
        if self.frames < 1:
            raise FieldError(f"frames: 1 or more expected, {self.frames} found")
        if not self.gap > 0:
            raise FieldError(f"gap: seconds above 0 expected, {self.gap} found")


@dataclass(frozen=True)
class _Told:
    label: str
    at: float


@dataclass
class _Candidate:
    label: str
    since: float
    frames: int = 0


class EventSmoother:
    """A `lane.Smoother` for one source.

    After a gap, and when another model takes over, the evidence begins anew; the label that was told stays told, so
    that a source which shows afterwards what it showed before makes no event.
    """

    def __init__(self, rule: Smoothing = Smoothing()) -> None:
        self._rule = rule
        self._window = _Window(rule.window)
        self._told: _Told | None = None
        self._candidate: _Candidate | None = None
        self._last: float | None = None
        self._model: Identity | None = None

    def update(self, prediction: Prediction, at: float) -> Event | None:
        """Takes the next prediction, of a frame that was captured `at`, in seconds of a clock that is never set."""
        rule = self._rule
        at = at if self._last is None else max(at, self._last)
        fresh = self._last is None or at - self._last > rule.gap or prediction.identity != self._model
        elapsed = 0.0 if fresh or self._last is None else at - self._last
        self._last, self._model = at, prediction.identity
        if rule.method == "none":
            changed = self._told is None or self._told.label != prediction.label
            return self._event(prediction, at, prediction.label, prediction.score) if changed else None
        if fresh:
            self._window = _Window(rule.window)
            self._candidate = None
        self._window.add(elapsed, _weights(prediction, rule.method))
        weights = self._window.weights()
        label, sure = self._outcome(weights)
        if self._told and label == self._told.label:
            self._candidate = None
            return None
        if self._candidate is None or self._candidate.label != label:
            self._candidate = _Candidate(label, at)
        self._candidate.frames += 1
        # A window that fills with another label has none that counts in between: that is no outcome of its own.
        needed = rule.hold if sure else rule.hold + rule.window
        if at - self._candidate.since < needed or self._candidate.frames < rule.frames:
            return None
        if sure and prediction.label != label:  # it may be over already, and the window still full of it
            return None
        self._candidate = None
        return self._event(prediction, at, label, _sureness(weights, label))

    def _outcome(self, weights: dict[str, float]) -> tuple[str, bool]:
        """Returns the label that the window speaks for, and whether it does; ``unknown`` where it speaks for none."""
        told = self._told.label if self._told else UNKNOWN
        if told != UNKNOWN and weights.get(told, 0.0) >= self._rule.leave - ROUNDING:
            return told, True
        best = max(weights, key=lambda label: weights[label])
        return (best, True) if weights[best] >= self._rule.enter - ROUNDING else (UNKNOWN, False)

    def _event(self, prediction: Prediction, at: float, label: str, score: float) -> Event:
        before = self._told
        self._told = _Told(label, at)
        return Event(
            source=prediction.source,
            frame=prediction.frame,
            captured_at=prediction.captured_at,
            label=label,
            score=score,
            previous=before.label if before else None,
            duration=at - before.at if before else None,
            identity=prediction.identity,
        )


class _Window:
    """Weights of labels over the last seconds. Adding costs the same however many predictions are in it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._parts: deque[tuple[float, dict[str, float]]] = deque()
        self._span = 0.0
        self._sums: dict[str, float] = {}
        self._subtracted = 0

    def add(self, elapsed: float, weights: dict[str, float]) -> None:
        self._parts.append((elapsed, weights))
        self._span += elapsed
        self._sum(elapsed, weights)
        # At least the last one stays, which alone may be longer than the window.
        while len(self._parts) > 1 and self._span - self._parts[0][0] >= self._seconds:
            gone, old = self._parts.popleft()
            self._span -= gone
            self._sum(-gone, old)
            self._subtracted += 1
        if self._subtracted > len(self._parts):  # sums of differences drift, and keep labels that have gone
            self._subtracted = 0
            self._span, self._sums = math.fsum(elapsed for elapsed, _ in self._parts), {}
            for elapsed, kept in self._parts:
                self._sum(elapsed, kept)

    def weights(self) -> dict[str, float]:
        """Returns each label's share of the window, 0 to 1; never empty."""
        last = self._parts[-1][1]
        if len(self._parts) == 1 or self._span <= 0:
            return last
        elapsed, oldest = self._parts[0]
        over = max(0.0, min(elapsed, self._span - self._seconds))  # of the oldest, what lies before the window
        span = self._span - over
        if span <= 0:
            return last
        return {label: (total - over * oldest.get(label, 0.0)) / span for label, total in self._sums.items()}

    def _sum(self, elapsed: float, weights: dict[str, float]) -> None:
        for label, weight in weights.items():
            self._sums[label] = self._sums.get(label, 0.0) + elapsed * weight


def _weights(prediction: Prediction, method: Method) -> dict[str, float]:
    # A prediction below the threshold says nothing of its labels: not a little of each, but that it does not know.
    if method == "majority" or prediction.label == UNKNOWN:
        return {prediction.label: 1.0}
    return dict(prediction.best)


def _sureness(weights: dict[str, float], label: str) -> float:
    if label == UNKNOWN:  # as sure as no label is
        label_weights = [weight for name, weight in weights.items() if name != UNKNOWN]
        return min(1.0, max(0.0, 1.0 - max(label_weights, default=0.0)))
    return min(1.0, max(0.0, weights[label]))
