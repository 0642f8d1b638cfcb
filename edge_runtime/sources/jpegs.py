"""Finds pictures in a stream of bytes by what a JPEG is made of, and by nothing that is sent around it.

So MJPEG over HTTP, from a program's pipe and from standard input is read by one piece of code, and a missing boundary,
a wrong Content-Length or garbage between pictures does no harm. A picture ends with its last byte, not with the
beginning of the next one. Pure: bytes come in, pictures go out.
"""

import re

LIMIT = 32 * 2**20  # bytes of one picture; the largest of a 64-megapixel camera have about 30 MB
BEGIN, END = b"\xff\xd8", 0xD9
SCAN = 0xDA  # after this marker's segment come bytes of the picture itself, in which
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # 0xFF is followed by 0, or by a restart marker
FREE = (*range(0xE0, 0xF0), 0xFE)  # APPn and COM: what they hold may be a picture itself, a thumbnail
NEXT = re.compile(rb"\xff\xd8\xff[\xc0\xc4\xdb\xe0-\xef\xfe]")  # how a picture begins, and no table goes on
BARE = (0x01, *range(0xD0, 0xD8))  # markers without a segment: TEM and restarts (ITU-T T.81, table B.1)


class JpegSplitter:
    """Cuts a stream into pictures.

    Attributes:
        skipped: Bytes that belonged to no picture.
        halves: Pictures that broke off. What there was of them is given out nevertheless: their decoding fails, and
            so they are counted where all unreadable frames are.

    Args:
        limit: Bytes from which on what began like a picture is none.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.skipped = 0
        self.halves = 0
        self._limit = limit
        self._held = bytearray()
        self._forget()

    def feed(self, data: bytes) -> list[bytes]:
        """Takes the next bytes and returns the pictures that ended with them, in order."""
        self._held += data
        found = []
        while (picture := self._next()) is not None:
            found.append(picture)
        return found

    def rest(self) -> bytes:
        """Returns what has come of a picture that did not end; empty between two."""
        rest = bytes(self._held) if self._begun else b""
        self._held.clear()
        self._forget()
        return rest

    def _forget(self) -> None:
        self._begun = self._scanning = False
        self._at = 0  # up to where it has been looked through

    def _next(self) -> bytes | None:
        if not self._begun and not self._begin():
            return None
        while True:
            if self._at > self._limit:
                return self._broken(len(BEGIN))
            if self._scanning:
                met = MARKER.search(self._held, self._at)
                if met is None:
                    # The last byte may be the first of a marker.
                    self._at = max(self._at, len(self._held) - 1)
                    return self._broken(len(BEGIN)) if len(self._held) > self._limit else None
                self._at, self._scanning = met.start(), False
            if len(self._held) < self._at + 2:
                return None
            if self._held[self._at] != 0xFF:
                return self._broken(len(BEGIN))
            marker = self._held[self._at + 1]
            if marker == END:
                return self._cut(self._at + 2)
            if marker == BEGIN[1]:  # the next picture, and this one had no end
                return self._broken(self._at)
            if marker == 0xFF or marker in BARE:  # 0xFF may be repeated before a marker
                self._at += 1 if marker == 0xFF else 2
                continue
            if len(self._held) < self._at + 4:
                return None
            length = int.from_bytes(self._held[self._at + 2 : self._at + 4], "big")
            if length < 2 or marker < 0xC0:
                return self._broken(len(BEGIN))
            if len(self._held) < self._at + 2 + length:
                return None
            if marker not in FREE and NEXT.search(self._held, self._at, self._at + 2 + length):
                return self._broken(len(BEGIN))  # it broke off in here, and what follows is the next picture
            self._scanning = marker == SCAN
            self._at += 2 + length

    def _begin(self) -> bool:
        start = self._held.find(BEGIN + b"\xff")
        if start < 0:
            kept = next((size for size in (2, 1) if self._held.endswith((BEGIN + b"\xff")[:size])), 0)
            self.skipped += len(self._held) - kept
            del self._held[: len(self._held) - kept]
            return False
        self.skipped += start
        del self._held[:start]
        self._begun, self._at = True, len(BEGIN)
        return True

    def _cut(self, end: int) -> bytes:
        picture = bytes(self._held[:end])
        del self._held[:end]
        self._forget()
        return picture

    def _broken(self, end: int) -> bytes:
        """Gives up the picture in hand and goes on at `end`, which is where the next one may begin."""
        self.halves += 1
        return self._cut(end)
