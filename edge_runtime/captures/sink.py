"""Keeps frames for retraining, as a sink beside the others."""

import random
from collections.abc import Callable, Mapping
from typing import Self

from edge_runtime.captures.capture import Facts, Model, Part, Reason
from edge_runtime.captures.picture import encoded
from edge_runtime.captures.ring import Ring
from edge_runtime.captures.wanted import USUAL, Wanted, why
from edge_runtime.classifier import Classifier, best
from edge_runtime.closing import NothingToClose
from edge_runtime.disk import unwritable_directory
from edge_runtime.errors import PictureError, SinkError
from edge_runtime.preprocess import WHOLE, Region, preprocess
from edge_runtime.result import UNKNOWN, Event, Prediction, Result
from edge_runtime.sources import Frame

SECOND_PAUSE = 1.0  # seconds between two frames of a source that a second classifier sees: it takes time from the first


class CaptureSink(NothingToClose):
    """Keeps the frames that are wanted in a ring.

    When one could not be kept every result fails until one could: the sink's state is then what it is, and is told once
    and not anew with each frame. A frame that was let go before its turn cannot be kept, and is none that was wanted.

    Args:
        ring: Where.
        wanted: Which.
        second: Another classifier, whose disagreement makes a frame wanted; it sees a frame a second and source. When
            a new bundle takes over it stays, and then tells where the new model differs from the former.
        regions: What of its pictures the model is shown, by source address, where it is not all.
        chance: Gives random numbers from 0 to below 1.
    """

    vital = False

    def __init__(
        self,
        ring: Ring,
        wanted: Wanted = USUAL,
        second: Classifier | None = None,
        regions: Mapping[str, Region] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.address = f"captures:{ring.directory}"
        self.ring = ring
        self._wanted = wanted
        self._second = second
        self._regions = regions or {}
        self._chance = chance
        self._shown: dict[str, str] = {}
        self._kept: dict[str, float] = {}  # when a frame of a source was kept last, by the clock that is never set
        self._compared: dict[str, float] = {}
        self._trouble: SinkError | None = None

    def check(self) -> None:
        """Raises SinkError if it could not be written now."""
        if reason := unwritable_directory(self.ring.directory):
            raise SinkError(f"{self.address}: cannot be written: {reason}")

    def __enter__(self) -> Self:
        self.check()
        self.ring.prepare()
        return self

    def take(self, result: Result, frame: Frame | None) -> None:
        if isinstance(result, Event):
            self._shown[result.source] = result.label
        if isinstance(result, Prediction) and frame is not None and self._is_due(self._kept, frame, self._wanted.pause):
            reason = why(result, self._wanted, self._shown.get(result.source), self._chance())
            if reason := reason or self._second_opinion(result, frame):
                try:
                    if self._keep(result, frame, *reason):
                        self._kept[result.source] = frame.taken
                    self._trouble = None
                except SinkError as error:
                    self._kept[result.source] = frame.taken  # a full disk is not tried with every frame
                    self._trouble = error
        if self._trouble:
            raise SinkError(str(self._trouble)) from self._trouble

    def _is_due(self, last: dict[str, float], frame: Frame, pause: float) -> bool:
        return frame.source not in last or frame.taken - last[frame.source] >= pause

    def _second_opinion(self, prediction: Prediction, frame: Frame) -> tuple[Reason, str] | None:
        if not self._second or not self._is_due(self._compared, frame, SECOND_PAUSE):
            return None
        self._compared[frame.source] = frame.taken
        region = self._regions.get(frame.source, WHOLE)
        try:
            judgement = self._second.classify(preprocess(frame.picture, self._second.preprocessing, region))
        except PictureError:  # a file that has changed or gone since
            return None
        ((label, score),) = best(self._second.labels, judgement.scores, 1)
        label = label if score >= prediction.threshold else UNKNOWN
        return ("disagreeing", f"{self._second.identity.variant} says '{label}'") if label != prediction.label else None

    def _keep(self, prediction: Prediction, frame: Frame, reason: Reason, detail: str) -> bool:
        """Returns whether it was not there already. Raises SinkError."""
        try:
            content, suffix = encoded(frame.picture)
        except (OSError, PictureError) as error:
            name = frame.path or "a frame"
            raise SinkError(f"{self.address}: {name}: {getattr(error, 'strerror', None) or error}") from error
        region, identity = self._regions.get(frame.source), prediction.identity
        facts = Facts(
            source=_printable(prediction.source),
            path=None if prediction.path is None else _printable(prediction.path),
            frame=prediction.frame,
            captured_at=prediction.captured_at,
            label=prediction.label,
            score=prediction.score,
            best=prediction.best,
            model=Model(identity.bundle, identity.version, identity.digest, identity.variant, identity.runtime),
            reason=reason,
            detail=detail,
            part=Part(region.left, region.top, region.right, region.bottom) if region else None,
        )
        return self.ring.add(content, suffix, facts) is not None


def _printable(text: str) -> str:
    """Returns what JSON can hold: names of files need not be UTF-8."""
    return text.encode(errors="backslashreplace").decode()
