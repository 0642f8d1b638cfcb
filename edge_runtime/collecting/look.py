"""Which frames are worth nothing to a training set. Pure: time is an argument."""

import math
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import PictureError
from edge_runtime.events.motion import cells, change
from edge_runtime.preprocess import WHOLE, Pixels, Region, preprocess
from edge_runtime.sources import Frame
from edge_runtime.sources.health import FrameHealth, is_black

Reason = Literal["unreadable", "stale", "black", "frozen", "alike", "there already"]

# A model may not be there yet: seen at a size for which both limits, of black and of movement, were measured.
SEEN = PreprocessingSpec((96, 96))
GLANCE = 1.0  # seconds between two looks at a camera of which nothing is wanted: it is frozen after 10


class Look:
    """Looks at frames of one source, as a model would see them.

    Args:
        live: Whether the source is; only a live one can be frozen or stale.
        region: What of the pictures counts.
        least: Grey levels of 255 by which some cell of 8 × 8 must differ from the last one that was kept with the same
            label; 0 takes all.
        max_age: Seconds after which a live frame says nothing about now.
        clock: Seconds of the clock that is never set.

    Attributes:
        live: Whether the source is.
    """

    def __init__(
        self,
        live: bool,
        region: Region = WHOLE,
        least: float = 0.0,
        max_age: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.live = live
        self._health = FrameHealth() if live else None
        self._region = region
        self._least = least
        self._max_age = max_age
        self._clock = clock
        self._looked = -math.inf
        self._kept: defaultdict[str, list[NDArray[np.float32]]] = defaultdict(list)
        self._now: NDArray[np.float32] | None = None

    def glance(self, frame: Frame) -> Reason | Literal["live"] | None:
        """Looks at a frame that is not wanted, now and then, so that it is known for how long a camera has been frozen.

        Returns:
            What is wrong with it; ``live`` where nothing is, None where it was not looked at.
        """
        if self._health is None or frame.taken - self._looked < GLANCE:
            return None
        self._looked = frame.taken
        seen = self._see(frame)
        return seen if isinstance(seen, str) else self._state(frame, seen) or "live"

    def why_not(self, frame: Frame, label: str) -> Reason | None:
        """Returns why a frame is not to be kept with a label; None where it is."""
        if self._health and self._clock() - frame.taken > self._max_age:
            return "stale"
        seen = self._see(frame)
        if isinstance(seen, str):
            return seen
        if reason := self._state(frame, seen):
            return reason
        if self._least:
            self._now = cells(seen)
            if (kept := self._kept[label]) and change(kept[-1], self._now) < self._least:
                return "alike"
        return None

    def note_kept(self, label: str) -> None:
        """The frame that was looked at last was kept: the next one with this label is compared with it."""
        if self._now is not None:
            self._kept[label].append(self._now)

    def note_taken_back(self, label: str) -> None:
        """The last one that was kept with this label is gone: the next one is compared with the one before it."""
        if self._kept[label]:
            self._kept[label].pop()

    def _see(self, frame: Frame) -> Pixels | Literal["unreadable"]:
        try:
            return preprocess(frame.picture, SEEN, self._region)
        except PictureError:
            return "unreadable"

    def _state(self, frame: Frame, seen: Pixels) -> Reason | None:
        if self._health:
            self._looked = frame.taken
            state = self._health.look(frame, seen)
            return None if state == "live" else state
        # A file is what somebody has kept for a picture; a video has black at its ends.
        return "black" if not isinstance(frame.picture, Path) and is_black(seen) else None
