"""What the page shows of the past: the last frame of each source, the last events, the last minutes' latency.

Written by the sink's thread, read by the server's. One frame a source is held as it is, 6 MB for 1920 × 1080, because
making something smaller of it would cost time for every frame that nobody looks at.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edge_runtime.result import Event, Prediction, Result, SourceChange
from edge_runtime.sources import Frame

EVENTS = 100
SLOT = 5.0  # seconds that a point of the history stands for
SLOTS = 60  # so that it covers five minutes


@dataclass
class Slot:
    """What was judged in `SLOT` seconds: how many frames, their mean latency, their highest age."""

    number: int
    predictions: int = 0
    latencies: float = 0.0
    age: float = 0.0


class Memory:
    """Args: `clock`, seconds of the clock that is never set."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._frames: dict[str, Frame] = {}
        self._events: deque[Event | SourceChange] = deque(maxlen=EVENTS)
        self._slots: deque[Slot] = deque(maxlen=SLOTS)

    def note(self, result: Result, frame: Frame | None) -> None:
        """Keeps what is worth it of one result."""
        with self._lock:
            if frame is not None:
                self._frames[frame.source] = frame
            match result:
                case Prediction():
                    slot = self._slot()
                    slot.predictions += 1
                    slot.latencies += result.latency
                    slot.age = max(slot.age, result.age)
                case Event() | SourceChange():
                    self._events.append(result)

    def frame(self, source: str) -> Frame | None:
        """Returns the last frame of a source that was judged."""
        with self._lock:
            return self._frames.get(source)

    def events(self) -> list[Event | SourceChange]:
        """Returns them, newest first."""
        with self._lock:
            return list(reversed(self._events))

    def history(self) -> list[tuple[int, int, float, float]]:
        """Returns (slots ago, predictions, mean latency, highest age) for slots with predictions, oldest first."""
        with self._lock:
            now = int(self._clock() // SLOT)
            return [
                (now - slot.number, slot.predictions, slot.latencies / slot.predictions, slot.age)
                for slot in self._slots
                if now - slot.number < SLOTS
            ]

    def _slot(self) -> Slot:
        number = int(self._clock() // SLOT)
        if not self._slots or self._slots[-1].number != number:
            self._slots.append(Slot(number))
        return self._slots[-1]
