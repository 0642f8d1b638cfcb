"""Captures as files: a JSON file for each, and its picture beside it.

The JSON file is the capture: the picture is written before it and removed after it, so whatever a killed process leaves
is a picture without JSON or an unfinished file, and the next writer removes both. Nothing is remembered but what can
be read again, so several processes may use a directory at once (a running `run`, its web page, `captures label`): who
writes waits for the others that do; who reads waits for nobody, and sees each capture whole or not at all. Files that
are called otherwise are left alone and not counted.
"""

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.captures.capture import JSON, NAME, Capture, from_bytes, number_of
from edge_runtime.console import say
from edge_runtime.disk import make_directory, unwritable_directory, unwritten
from edge_runtime.errors import FieldError, SinkError
from edge_runtime.files import PARTIAL, write_atomically

LOCK = ".lock"

Stamp = tuple[int, int, int]  # inode, modification time in nanoseconds, size: another one when a file is replaced


@dataclass(frozen=True)
class Entry:
    """What is stored under an id.

    Attributes:
        id: Of the capture.
        size: Bytes of its two files; of the JSON file alone where that cannot be read.
        capture: None where the JSON file cannot be read, as of a newer version: it counts, and is never touched.
    """

    id: str
    size: int
    capture: Capture | None

    @property
    def may_go(self) -> bool:
        return self.capture is not None and not self.capture.is_wanted


class Store:
    """The captures in a directory. May be called from any thread, inside `reading` or `writing`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = threading.RLock()
        self._known: dict[str, tuple[Stamp, Entry]] = {}

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """For looking. Raises SinkError: what the block asks for cannot be read."""
        with self._lock:
            try:
                yield
            except OSError as error:
                raise SinkError(f"captures:{self.directory}: cannot be read: {error.strerror or error}") from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """For changing: waits until no other thread or process does, and removes what killed ones have left.

        Raises:
            SinkError: What the block does cannot be done; the disk is full, or the directory not writable.
        """
        with self._lock:
            try:
                make_directory(self.directory)
                handle = os.open(self.directory / LOCK, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX)  # ends with this process, however it ends
                    self._remove_litter()
                    yield
                finally:
                    os.close(handle)
            except OSError as error:
                reason = unwritable_directory(self.directory)
                raise unwritten(f"captures:{self.directory}", error, reason, "frames are kept again") from error

    def entries(self) -> Sequence[Entry]:
        """Looks at the directory; returns what is in it, the oldest first. Only files that have changed are read."""
        known: dict[str, tuple[Stamp, Entry]] = {}
        with contextlib.suppress(FileNotFoundError), os.scandir(self.directory) as listing:
            for item in listing:
                name = NAME.fullmatch(item.name)
                if name and name[2] == JSON:
                    with contextlib.suppress(FileNotFoundError):  # removed since it was listed
                        status = item.stat()
                        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
                        before = self._known.get(name[1])
                        same = before if before and before[0] == stamp else None
                        known[name[1]] = same or (stamp, self._read(name[1], status.st_size))
        self._known = known
        return sorted((entry for _, entry in known.values()), key=lambda entry: number_of(entry.id))

    def find(self, id: str) -> Capture | None:
        """Returns one capture, without looking at the others; None where there is none that can be read."""
        path = self.directory / (id + JSON)
        try:
            return from_bytes(path.read_bytes(), str(path))
        except (FileNotFoundError, FieldError):
            return None

    def picture(self, capture: Capture) -> bytes:
        return (self.directory / capture.picture).read_bytes()

    def write(self, capture: Capture, picture: bytes | None = None) -> None:
        """Writes a capture; its picture only where one is given."""
        if picture is not None:
            write_atomically(self.directory / capture.picture, picture)
        write_atomically(self.directory / (capture.id + JSON), capture.to_bytes())

    def remove(self, capture: Capture) -> None:
        for name in (capture.id + JSON, capture.picture):
            (self.directory / name).unlink(missing_ok=True)

    def _read(self, id: str, size: int) -> Entry:
        path = self.directory / (id + JSON)
        try:
            capture = from_bytes(path.read_bytes(), str(path))
            if capture.id != id:
                raise FieldError(f"{path}: is about '{capture.id}'")
            return Entry(id, size + capture.size, capture)
        except FileNotFoundError:
            raise
        except (FieldError, OSError) as error:
            say(f"edge-runtime: left alone: {error}")
            return Entry(id, size, None)

    def _remove_litter(self) -> None:
        with os.scandir(self.directory) as listing:
            names = {item.name for item in listing}
        for name in names:
            unfinished = name.startswith(".") and name.endswith(PARTIAL) and NAME.match(name, 1)
            whole = NAME.fullmatch(name)
            if unfinished or (whole and whole[1] + JSON not in names):
                (self.directory / name).unlink(missing_ok=True)
