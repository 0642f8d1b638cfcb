"""JSON lines in a file that is rotated by size, so that it never fills a disk. Every line in it is whole.

Nothing is forced onto the disk (no fsync): the kernel writes it within half a minute, in few large blocks, which is
what an SD card lives longest with. A killed process loses nothing; a power cut may lose the last half a minute.
"""

import fcntl
import json
import os
import stat
from types import TracebackType
from typing import Self

from edge_runtime.disk import make_directory, unwritable_file, unwritten
from edge_runtime.errors import SinkError
from edge_runtime.result import Result
from edge_runtime.sinks.choice import kind_of
from edge_runtime.sinks.jsonl import line_of
from edge_runtime.sinks.places import JsonLinesAddress
from edge_runtime.sinks.rotation import rotate
from edge_runtime.sources import Frame

BLOCK = 2**16  # bytes that are read at once in search of the last line's beginning
BEGINNING = b'{"type": "'  # of every line


class JsonLinesFileSink:
    """Appends to a file of its own: another process that writes to it is refused.

    Args:
        place: Which file, how large, how many.
    """

    vital = False
    sees_frames = False

    def __init__(self, place: JsonLinesAddress) -> None:
        self.address = place.shown
        self._place = place
        self._file: int | None = None

    def check(self) -> None:
        """Raises SinkError if it could not be written now."""
        if reason := unwritable_file(self._place.path):
            raise SinkError(f"{self.address}: cannot be written: {reason}")

    def __enter__(self) -> Self:
        try:
            self._open()
        except OSError as error:
            raise self._failed(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def wants(self, result: Result) -> bool:
        return kind_of(result) in self._place.what

    def take(self, result: Result, frame: Frame | None = None) -> None:
        line = (line_of(result) + "\n").encode()
        try:
            file = self._current(len(line))
            size = os.fstat(file).st_size
            written = 0
            try:
                while written < len(line):  # a disk that fills up takes a part, and says so when asked for the rest
                    written += os.write(file, line[written:])
            except OSError:
                if written:
                    os.ftruncate(file, size)
                raise
        except OSError as error:
            raise self._failed(error) from error

    def _current(self, length: int) -> int:
        """Returns the file that the next `length` bytes go to."""
        path = self._place.path
        if self._file is not None and not _is(path, self._file):  # removed or replaced by somebody
            self._close()
        file = self._open() if self._file is None else self._file
        size = os.fstat(file).st_size
        if size and size + length > self._place.size:
            rotate(path, self._place.keep)
            self._close()
            file = self._open()
        return file

    def _open(self) -> int:
        path = self._place.path
        make_directory(path.parent)
        # Not blocking: a pipe without a reader would hold the whole start up.
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o644)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise SinkError(f"{self.address}: is no file; name one that may be made, rotated and removed")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SinkError(f"{self.address}: another process writes to it; name another file") from error
            if not _end_last_line(file):
                raise SinkError(f"{self.address}: is there and holds no JSON lines; name another file")
        except BaseException:
            os.close(file)
            raise
        self._file = file
        return file

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _failed(self, error: OSError) -> SinkError:
        return unwritten(self.address, error, unwritable_file(self._place.path), "results are written again")


def _is(path: os.PathLike[str], file: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False


def _end_last_line(file: int) -> bool:
    """Ends or drops what a process that was killed in the middle of a line has left of it; False if it is no result."""
    size = os.fstat(file).st_size
    start, tail = size, b""
    while start and b"\n" not in tail:
        length = min(BLOCK, start)
        start -= length
        tail = os.pread(file, length, start) + tail
    tail = tail[tail.rfind(b"\n") + 1 :]
    if not tail:
        return True
    written = tail.rstrip(b"\0")  # zeros are what power cuts leave
    if not written.startswith(BEGINNING[: len(written)]):
        return False
    try:
        json.loads(tail)
    except (ValueError, RecursionError):
        os.ftruncate(file, size - len(tail))
    else:
        os.write(file, b"\n")
    return True
