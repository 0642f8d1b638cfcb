"""Where frames wait between the threads that sense and the one that judges: bounded, and fair to live sources."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class _Waiting(Generic[T]):
    source: str
    item: T
    live: bool


class Buffer(Generic[T]):
    """A bounded queue of items of several sources.

    A live source has at most one item waiting: a newer one takes its place and the older counts as dropped. The other
    sources wait for room, so nothing of theirs is lost.

    Args:
        size: How many items of sources that are not live may wait.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: deque[_Waiting[T]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._dropped: dict[str, int] = {}

    def put(self, source: str, item: T, live: bool) -> bool:
        """Adds an item, waiting for room where it must; returns False once the buffer is closed."""
        with self._changed:
            last = next((entry for entry in reversed(self._waiting) if entry.source == source), None)
            # Only the last one: what comes after it, as a notice, must stay between them.
            if live and last is not None and last.live and not self._closed:
                last.item = item
                self._dropped[source] = self._dropped.get(source, 0) + 1
                return True
            self._changed.wait_for(lambda: self._closed or live or len(self._waiting) < self._size)
            if self._closed:
                return False
            self._waiting.append(_Waiting(source, item, live))
            self._changed.notify_all()
            return True

    def get(self, timeout: float) -> T | None:
        """Returns the item that waited longest, or None after `timeout` seconds without any or when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._waiting), timeout)
            if not self._waiting:
                return None
            entry = self._waiting.popleft()
            self._changed.notify_all()
            return entry.item

    @property
    def dropped(self) -> dict[str, int]:
        """How many items newer ones have replaced, by source."""
        with self._changed:
            return dict(self._dropped)

    @property
    def finished(self) -> bool:
        """Whether it is closed and empty: nothing will ever come out again."""
        with self._changed:
            return self._closed and not self._waiting

    def close(self) -> None:
        """Wakes everybody up: nothing more is taken in; what waits can still be got."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
