"""A source for demonstrations and tests: plays pictures again, as fast as they are taken or at a camera's pace."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_runtime.closing import NothingToClose
from edge_runtime.sources import Frame


class ReplaySource(NothingToClose):
    """Yields `pictures` in order, `rounds` times.

    Args:
        pictures: Files or uint8 RGB ``[h, w, 3]`` arrays.
        address: What results name as their source.
        fps: Frames a second; 0 gives each one as soon as the last was taken and drops none. With a pace it is live.
        rounds: How often all of them are played; 0 plays until stopped.
        now: Seconds since 1970.
    """

    def __init__(
        self,
        pictures: Sequence[Path | NDArray[np.uint8]],
        *,
        address: str = "replay:",
        fps: float = 0,
        rounds: int = 1,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.address = address
        self.live = fps > 0
        self._pictures = pictures
        self._pause = 1 / fps if fps else 0.0
        self._rounds = rounds
        self._now = now

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        number = 0
        while not self._rounds or number < self._rounds * len(self._pictures):
            if stop.wait(self._pause) if self._pause else stop.is_set():
                return
            picture = self._pictures[number % len(self._pictures)]
            yield Frame(self.address, number, self._now(), picture)
            number += 1
