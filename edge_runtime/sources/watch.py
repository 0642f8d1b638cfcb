"""A directory that others put pictures into: each is picked up once, when it is complete."""

import stat
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

from edge_runtime.closing import NothingToClose
from edge_runtime.console import say
from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame, Notice
from edge_runtime.sources.files import is_picture

Stamp = tuple[int, int]  # size in bytes, modification time in nanoseconds


class WatchSource(NothingToClose):
    """Yields the pictures that appear in a directory after it was entered, in the order of their modification.

    A picture is complete when two looks in a row find it unchanged and not empty; a file written again later is a new
    picture. What lay there before is left alone, or comes first, as `existing` says. A directory that vanishes, as a
    network share or a stick does, is waited for; what was picked up before is not picked up again then.

    Args:
        directory: What to watch, without its sub-directories.
        existing: Whether what lies there already counts.
        interval: Seconds between two looks. Looking works on every file system, network shares included, where the
            kernel's notices do not.
        now: Seconds since 1970.
    """

    live = False

    def __init__(
        self,
        directory: str,
        existing: bool = False,
        interval: float = 0.5,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.address = f"watch:{directory}"
        self.existing = existing
        self._directory = Path(directory).expanduser()
        self._interval = interval
        self._now = now
        self._done: dict[Path, Stamp] = {}

    def check(self) -> None:
        """Raises SourceError if the directory cannot be read now."""
        self._look()

    def __enter__(self) -> Self:
        there = self._look()
        self._done = {} if self.existing else there
        if self._done:
            say(f"{self.address}: {len(self._done)} pictures are there already and left alone; new ones are classified")
        return self

    def frames(self, stop: threading.Event) -> Iterator[Frame | Notice]:
        number = 0
        lost = False
        before: dict[Path, Stamp] = {}
        while not stop.wait(self._interval):
            try:
                seen = self._look()
            except SourceError as error:
                if not lost:
                    yield Notice("lost", str(error).removeprefix(f"{self.address}: "))
                lost, before = True, {}
                continue
            if lost:
                lost = False
                yield Notice("live")
            for path in settled(before, seen, self._done):
                if stop.is_set():
                    return
                yield Frame(self.address, number, self._now(), path)
                number += 1
                self._done[path] = seen[path]
            if seen:  # an empty directory may be where a share is mounted again in a moment
                self._done = {path: stamp for path, stamp in self._done.items() if path in seen}
            before = seen

    def _look(self) -> dict[Path, Stamp]:
        found = {}
        try:
            for path in self._directory.iterdir():
                if is_picture(path):
                    try:
                        status = path.stat()
                    except FileNotFoundError:  # renamed or removed since it was listed
                        continue
                    if stat.S_ISREG(status.st_mode):
                        found[path] = (status.st_size, status.st_mtime_ns)
        except OSError as error:
            raise SourceError(f"{self.address}: cannot be read: {error.strerror}") from error
        return found


def settled(before: dict[Path, Stamp], seen: dict[Path, Stamp], done: dict[Path, Stamp]) -> list[Path]:
    """Returns what is complete and new: as it was at the last look, not empty, and not done in this state."""
    ready = [path for path, stamp in seen.items() if stamp[0] and before.get(path) == stamp and done.get(path) != stamp]
    return sorted(ready, key=lambda path: (seen[path][1], path))
