"""Frames on standard input, from whatever program gives them: MJPEG, PNG behind PNG, or pictures behind their length.

The first four bytes tell which. A length is a big-endian number of at most `LIMIT`, so that it begins with 0, 1 or 2; a
JPEG begins with 0xFF, a PNG with 0x89, and the text that may stand around MJPEG with a letter or a dash. Nothing is
dropped: a program that writes faster than frames are judged waits, as it would for any other program behind a pipe. A
picture that breaks off is given out as it is, so that it is counted as unreadable.
"""

import itertools
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator

from edge_runtime.closing import NothingToClose
from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame
from edge_runtime.sources.jpegs import LIMIT, JpegSplitter
from edge_runtime.sources.pngs import SIGNATURE, pngs
from edge_runtime.sources.reconnect import TICK

CHUNK = 1 << 16
HEAD = 4  # bytes of a length


class StdinSource(NothingToClose):
    """Yields the pictures that come on a file descriptor.

    Args:
        descriptor: A pipe, file or terminal; None for standard input.
        now: Seconds since 1970.
    """

    live = False

    def __init__(self, descriptor: int | None = None, now: Callable[[], float] = time.time) -> None:
        self.address = "-"
        self._descriptor = descriptor
        self._now = now

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        for number, picture in enumerate(self._pictures(stop)):
            if stop.is_set():
                return
            yield Frame(self.address, number, self._now(), picture)

    def _pictures(self, stop: threading.Event) -> Iterator[bytes]:
        held = b""
        parts = self._parts(stop)
        while len(held) < HEAD:
            part = next(parts, None)
            if part is None:
                if held:
                    raise SourceError(
                        f"-: ended after {len(held)} bytes; MJPEG, PNG or pictures behind their length expected"
                    )
                return
            held += part
        if int.from_bytes(held[:HEAD], "big") <= LIMIT:
            yield from lengthwise(held, parts)
            return
        if held.startswith(SIGNATURE[:HEAD]):
            yield from pngs(held, parts)
            return
        splitter, found = JpegSplitter(), 0
        for part in itertools.chain([held], parts):
            for picture in splitter.feed(part):
                found += 1
                yield picture
        if rest := splitter.rest():
            yield rest
        elif not found and not stop.is_set():
            raise SourceError(
                f"-: no JPEG in {splitter.skipped} bytes; MJPEG, PNG or pictures behind their length expected"
            )

    def _parts(self, stop: threading.Event) -> Iterator[bytes]:
        """Yields what comes, until the end or `stop`."""
        descriptor = self._descriptor
        if descriptor is None:
            if sys.stdin is None:
                raise SourceError("-: there is no standard input")
            descriptor = sys.stdin.fileno()
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while not stop.is_set():
            if not poll.poll(TICK * 1000):
                continue
            try:
                part = os.read(descriptor, CHUNK)
            except OSError as error:
                raise SourceError(f"-: cannot be read: {error.strerror}") from error
            if not part:
                return
            yield part


def lengthwise(held: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yields pictures that each stand behind their length, 4 bytes, big-endian.

    Args:
        held: What was read already.
        parts: What follows.

    Raises:
        SourceError: A length that no picture has.
    """
    buffer, count = bytearray(held), 0
    while True:
        while len(buffer) >= HEAD:
            length = int.from_bytes(buffer[:HEAD], "big")
            if length > LIMIT:
                raise SourceError(
                    f"-: picture {count} would have {length} bytes, at most {LIMIT} expected; is its length 4 bytes, "
                    "big-endian, and does it count the picture alone?"
                )
            if len(buffer) < HEAD + length:
                break
            yield bytes(buffer[HEAD : HEAD + length])
            del buffer[: HEAD + length]
            count += 1
        part = next(parts, None)
        if part is None:
            if buffer:
                yield bytes(buffer[HEAD:])
            return
        buffer += part
