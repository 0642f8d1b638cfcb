"""Finds PNG pictures that come one behind the other, as from `cat *.png` or FFmpeg's image2pipe. Pure.

A PNG tells where it ends: after its signature come chunks of known length, and IEND is the last (W3C, PNG, 5.3).
"""

from collections.abc import Iterator

from edge_runtime.errors import SourceError
from edge_runtime.sources.jpegs import LIMIT

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEAD = 8  # bytes before a chunk's data: its length, big-endian, and its type
CRC = 4  # bytes behind it
LAST = b"IEND"


def pngs(held: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yields the pictures; one that breaks off is given out as it is, so that it is counted as unreadable.

    Args:
        held: What was read already.
        parts: What follows.

    Raises:
        SourceError: What comes is no PNG, or too large for one.
    """
    buffer, at, count = bytearray(held), len(SIGNATURE), 0
    while True:
        if len(buffer) >= at + HEAD:
            end = at + HEAD + int.from_bytes(buffer[at : at + 4], "big") + CRC
            if not buffer.startswith(SIGNATURE) or end > LIMIT:
                raise SourceError(
                    f"-: picture {count} is no PNG of at most {LIMIT} bytes; one PNG behind the other expected"
                )
            if len(buffer) >= end:
                last = buffer[at + 4 : at + HEAD] == LAST
                at = end
                if last:
                    yield bytes(buffer[:end])
                    del buffer[:end]
                    at, count = len(SIGNATURE), count + 1
                continue
        part = next(parts, None)
        if part is None:
            if buffer:
                yield bytes(buffer)
            return
        buffer += part
