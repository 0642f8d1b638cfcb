"""A directory that others put pictures into: each is picked up once, when it is complete."""

import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from edge_runtime.closing import NothingToClose
from edge_runtime.console import say
from edge_runtime.device.container import hint, in_container
from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame, Notice
from edge_runtime.sources.files import is_picture
from edge_runtime.sources.reconnect import LostError

# A picture without the end that its format has is taken for one that is still on its way, for so many seconds: a copy
# over a network may pause for longer than two looks.
PATIENCE = 5.0
ENDS = {".jpg": b"\xff\xd9", ".jpeg": b"\xff\xd9", ".png": b"IEND\xaeB`\x82"}

Stamp = tuple[int, int]  # size in bytes, modification time in nanoseconds


class WatchSource(NothingToClose):
    """Yields the pictures that appear in a directory after it was entered, in the order of their modification.

    A picture is complete when two looks in a row find it unchanged and with the end that a JPEG or PNG has; one without
    when it has not changed for `patience`. A file written again later is a new
    picture. What lay there before is left alone, or comes first, as `existing` says. A directory that is not there, as
    that of a network share or a stick, is waited for, at the start and later. What it holds when it is first seen lay
    there before; what was picked up once is not picked up again when it comes back.

    Args:
        directory: What to watch, without its sub-directories.
        existing: Whether what lies there already counts.
        interval: Seconds between two looks. Looking works on every file system, network shares included, where the
            kernel's notices do not.
        now: Seconds since 1970.
        patience: Seconds.
        clock: Seconds of the clock that is never set.
    """

    live = False

    def __init__(
        self,
        directory: str,
        existing: bool = False,
        interval: float = 0.5,
        now: Callable[[], float] = time.time,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = f"watch:{directory}"
        self.existing = existing
        self._directory = Path(directory).expanduser()
        self._interval = interval
        self._now = now
        self._patience = patience
        self._clock = clock
        self._device: int | None = None  # the file system that it was last seen on; None before it was seen
        self._done: dict[Path, Stamp] = {}
        self._unended: dict[Path, tuple[Stamp, float]] = {}

    def check(self) -> None:
        """Raises SourceError if the directory cannot be read now."""
        self._look()

    def __enter__(self) -> Self:
        try:
            self._see(*self._look())
        except LostError as lost:
            if isinstance(lost.__cause__, NotADirectoryError):
                raise SourceError(f"{self.address}: {lost}; watch:DIR expected") from lost
            remedy = hint(lost) if in_container() else ""
            say(f"edge-runtime: {self.address}: {lost}; it is waited for{remedy}")
        return self

    def frames(self, stop: threading.Event) -> Iterator[Frame | Notice]:
        number = 0
        lost = False
        before: dict[Path, Stamp] = {}
        while not stop.wait(self._interval):
            try:
                device, seen = self._look()
            except LostError as error:
                if not lost:
                    yield Notice("lost", str(error))
                lost, before = True, {}
                continue
            if lost:
                lost = False
                yield Notice("live")
            self._see(device, seen)
            for path in settled(before, seen, self._done):
                if stop.is_set():
                    return
                if not self._is_due(path, seen[path]):
                    continue
                yield Frame(self.address, number, self._now(), path)
                number += 1
                self._done[path] = seen[path]
            if seen:  # an empty directory may be where a share is mounted again in a moment
                self._done = {path: stamp for path, stamp in self._done.items() if path in seen}
                self._unended = {path: waits for path, waits in self._unended.items() if path in seen}
            before = seen

    def _is_due(self, path: Path, stamp: Stamp) -> bool:
        """Whether a picture that does not change is complete, or has been given time enough to become so."""
        if has_end(path):
            self._unended.pop(path, None)
            return True
        before, since = self._unended.get(path, (None, 0.0))
        if before != stamp:
            since = self._clock()
            self._unended[path] = stamp, since
        if self._clock() - since < self._patience:
            return False
        del self._unended[path]
        return True

    def _see(self, device: int, seen: dict[Path, Stamp]) -> None:
        """Takes what is seen first for what lay there before.

        On a mount point that may be the empty directory below: then it is what is seen first of another file system.
        """
        if self._device is None or (device != self._device and not self._done):
            self._done = {} if self.existing else dict(seen)
            if self._done:
                many = "1 picture is" if len(seen) == 1 else f"{len(seen)} pictures are"
                say(f"edge-runtime: {self.address}: {many} there already and left alone; new ones are classified")
        self._device = device

    def _look(self) -> tuple[int, dict[Path, Stamp]]:
        """Returns the file system's number and the pictures. Raises LostError."""
        found = {}
        try:
            # Before its content: a mount in between is met by the next look, and nothing is complete at the first.
            device = self._directory.stat().st_dev
            for path in self._directory.iterdir():
                if is_picture(path):
                    try:
                        status = path.stat()
                    except FileNotFoundError:  # renamed or removed since it was listed
                        continue
                    if stat.S_ISREG(status.st_mode):
                        found[path] = (status.st_size, status.st_mtime_ns)
        except OSError as error:
            raise LostError(f"cannot be read: {error.strerror}") from error
        return device, found


def has_end(path: Path) -> bool:
    """Whether a file ends as its format does; formats that have no mark at their end always do."""
    end = ENDS.get(path.suffix.lower())
    if end is None:
        return True
    try:
        with path.open("rb") as file:
            file.seek(-min(len(end), path.stat().st_size), os.SEEK_END)
            return file.read() == end
    except OSError:
        return True  # gone, or not to be read: whoever judges it says so


def settled(before: dict[Path, Stamp], seen: dict[Path, Stamp], done: dict[Path, Stamp]) -> list[Path]:
    """Returns what is complete and new: as it was at the last look, not empty, and not done in this state."""
    ready = [path for path, stamp in seen.items() if stamp[0] and before.get(path) == stamp and done.get(path) != stamp]
    return sorted(ready, key=lambda path: (seen[path][1], path))
