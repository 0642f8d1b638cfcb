"""Work done side by side and given back in order."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from edge_runtime.pipeline.buffer import Buffer

Given = TypeVar("Given")
Made = TypeVar("Made")


class Belt(Generic[Given, Made]):
    """Takes from a buffer and gives what was made of it, in the order in which it was taken.

    At most as many things wait as there are workers: a live source's frame that was taken can no longer be replaced by
    a newer one, so none is taken before it is needed.

    Args:
        buffer: Where things come from.
        make: What is done to each; called in any worker's thread.
        workers: How many threads call `work`.
    """

    def __init__(self, buffer: Buffer[Given], make: Callable[[Given], Made], workers: int) -> None:
        self._buffer = buffer
        self._make = make
        self._workers = workers
        self._room = threading.Semaphore(workers)
        self._taking = threading.Lock()
        self._changed = threading.Condition()
        self._made: dict[int, Made] = {}
        self._taken = self._given = 0
        self._closed = False

    def work(self, idle: float) -> None:
        """Makes things until the buffer is closed and empty; looks for that every `idle` seconds."""
        while True:
            self._room.acquire()
            if self._closed:
                return
            with self._taking:
                number = self._taken
                self._taken += 1  # before: between leaving the buffer and being counted it would be nowhere
                item = self._buffer.get(idle)
                while item is None and not self._buffer.finished:
                    item = self._buffer.get(idle)
                if item is None:
                    self._taken -= 1
            if item is None:
                self._room.release()
                with self._changed:
                    self._changed.notify_all()
                return
            made = self._make(item)
            with self._changed:
                self._made[number] = made
                self._changed.notify_all()

    def get(self, timeout: float) -> Made | None:
        """Returns the next thing, or None after `timeout` seconds without it."""
        with self._changed:
            self._changed.wait_for(lambda: self._given in self._made or self.finished, timeout)
            if self._given not in self._made:
                return None
            made = self._made.pop(self._given)
            self._given += 1
        self._room.release()
        return made

    def close(self) -> None:
        """Ends all workers after what they have in hand."""
        self._closed = True
        self._buffer.close()
        self._room.release(self._workers)

    @property
    def finished(self) -> bool:
        """Whether nothing will ever come out again."""
        return self._buffer.finished and self._given == self._taken
