"""Which frames are due when no key says so. Pure: time comes with the frames."""

from edge_runtime.sources import Frame

EXACT = 1e-3  # seconds: 3 × 0.4 is more than 1.2 in floating point, and Matroska rounds times to milliseconds


class Rhythm:
    """Every so many frames, or one each so many seconds; the first one is always due.

    Frames of a camera that nobody took in time count as well, by their numbers.

    Args:
        every: From one to the next.
        seconds: Between two instead: in a video of its own time, else of the clock.
    """

    def __init__(self, every: int = 1, seconds: float | None = None) -> None:
        self._step: float = every if seconds is None else seconds
        self._timed = seconds is not None
        self._next: float | None = None

    def is_due(self, frame: Frame) -> bool:
        at = self._at(frame) + EXACT
        if self._next is not None and at < self._next:
            return False
        # From when it was due and not from when it came, or 0.5 s would be 0.52 at 25 frames a second; but after a
        # pause nothing is made up for.
        then = at - EXACT if self._next is None else self._next
        self._next = then + self._step if then + self._step > at else at - EXACT + self._step
        return True

    def _at(self, frame: Frame) -> float:
        if not self._timed:
            return frame.number
        return frame.taken if frame.played is None else frame.played
