"""Where results wait for a receiver that is away: in order, bounded, and on disk if a place is given and only then.

While the receiver answers, everything is in memory and the disk is not touched. When it does not, what waits moves into
a file, which a killed process leaves behind and its successor delivers first; once empty it is removed. What was handed
over and not yet confirmed is delivered again: at least once, never lost. Without a place, all of it stays in memory.

When it is full predictions and rejections make room first, the oldest first, then events and changes of sources.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from edge_runtime.disk import unwritable_file
from edge_runtime.errors import SinkError
from edge_runtime.sinks.shelf import Letter, Shelf

IN_MEMORY = 2**20  # bytes of bodies without a place on disk: about 2,000 results
ON_DISK = 32 * 2**20  # with one
MOVE_AFTER = 5.0  # seconds after which what was not confirmed is better on disk


class Outbox:
    """Not safe between threads, but for `len`, `lost` and `trouble`.

    Args:
        path: The file; None for memory alone.
        keep: How many may wait.
        size: Bytes of bodies that may wait; None for what is usual in memory or on disk.
        clock: Seconds of the clock that is never set.

    Attributes:
        lost: How many had to make room.
        in_hand: The highest number of those that are under way already: they make room last, as they may arrive yet.
        trouble: Why it cannot use its file; empty while it can.
    """

    def __init__(
        self,
        path: Path | None,
        keep: int,
        size: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._keep = keep
        self._limit = size or (ON_DISK if path else IN_MEMORY)
        self._clock = clock
        self._shelf: Shelf | None = None  # what is on it is older than what is in memory
        self._memory: deque[Letter] = deque()
        self._memory_size = 0
        self._since = 0.0  # when the first of those in memory was added, by the clock
        self._gone: dict[int, Letter] = {}  # arrived, but a full disk did not let them be taken out
        self._last = 0
        self.in_hand = 0
        self.lost = 0
        self.trouble = ""

    def __len__(self) -> int:
        shelf = self._shelf  # once: another thread that counts must not find it gone in between
        return (shelf.count - len(self._gone) if shelf else 0) + len(self._memory)

    def check(self, address: str) -> None:
        """Raises SinkError if its file could not be written now, and not only once the receiver is away.

        Args:
            address: The sink's.
        """
        if self._path and (reason := unwritable_file(self._path)):
            raise SinkError(f"{address}: outbox={self._path}: cannot be written: {reason}")

    def open(self) -> None:
        """Finds what an earlier life has left.

        Raises:
            SinkError: The file cannot be used, as one that another process uses.
        """
        if self._path and self._path.exists():
            self._shelf = Shelf(self._path)
            self._last = self._shelf.last
            self._tidy()

    def close(self) -> None:
        """Leaves what waits for the next life if there is a place for it; without one it counts as lost."""
        self.save()
        self.lost += len(self._memory)
        self._memory.clear()
        self._memory_size = 0
        if self._shelf:
            self._tidy()
        if self._shelf:
            self._shelf.close()
            self._shelf = None

    def add(self, body: str, topic: str = "", *, lasting: bool) -> None:
        """Takes something that is told after all the others."""
        self._last += 1
        letter = Letter(self._last, topic, body, lasting)
        if not self._memory:
            self._since = self._clock()
        self._memory.append(letter)
        self._memory_size += letter.size
        if self._shelf:
            self.save()  # behind those that wait there already
        while len(self) and (len(self) > self._keep or self._size() > self._limit):
            self._make_room()

    def first(self, count: int) -> list[Letter]:
        """Returns those that are to be told next."""
        found: list[Letter] = []
        if self._shelf and self._shelf.count:
            try:
                found = self._shelf.first(count + len(self._gone))
            except SinkError as error:
                self.trouble = str(error)
                return []  # not those in memory: they come after
        found = [letter for letter in found if letter.number not in self._gone]
        return [*found, *self._memory][:count]

    def remove(self, letters: Sequence[Letter]) -> None:
        """Forgets what has arrived."""
        gone = {letter.number: letter for letter in letters}
        left = deque(letter for letter in self._memory if letter.number not in gone)
        if len(left) != len(self._memory):
            self._since = self._clock()
            self._memory, self._memory_size = left, sum(letter.size for letter in left)
        if self._shelf:
            self._gone |= gone
            self._tidy()

    def look(self) -> None:
        """Saves what has waited for too long, and tries again what the disk did not let be done."""
        if self._shelf:
            self._tidy()
        if self._memory and (self.trouble or self._shelf or self._clock() - self._since > MOVE_AFTER):
            self.save()

    def save(self) -> None:
        """Moves to disk what is in memory: the receiver is away. Does nothing without a place."""
        if not self._path or not self._memory:
            return
        try:
            if not self._shelf:
                self._shelf = Shelf(self._path)
            self._shelf.add(self._memory)
        except SinkError as error:
            self.trouble = str(error)
            return
        self.trouble = ""
        self._memory.clear()
        self._memory_size = 0

    def _size(self) -> int:
        on_disk = self._shelf.size - sum(letter.size for letter in self._gone.values()) if self._shelf else 0
        return on_disk + self._memory_size

    def _tidy(self) -> None:
        """Takes out of the file what has arrived, and removes the file when that was all."""
        assert self._shelf
        try:
            if self._gone:
                self._shelf.remove(list(self._gone.values()))
                self._gone.clear()
            if not self._shelf.count:
                self._shelf.close()
                self._shelf = None
        except SinkError as error:
            self.trouble = str(error)
        else:
            self.trouble = ""

    def _make_room(self) -> None:
        """Forgets the oldest of those that do not last, else the oldest."""
        self.lost += 1
        for lasting, after in ((False, self.in_hand), (True, self.in_hand), (False, 0), (True, 0)):
            if self._shelf and self._shelf.count > len(self._gone):
                try:
                    if found := self._shelf.oldest(lasting, after):
                        self._shelf.remove([found])
                        self._gone.pop(found.number, None)
                        return
                except SinkError as error:
                    self.trouble = str(error)
            for letter in self._memory:
                if letter.lasting is lasting and letter.number > after:
                    self._memory.remove(letter)
                    self._memory_size -= letter.size
                    return
