"""Annotated pictures in a directory: one JPEG a result, a bounded number of them, each whole or not there.

The comment inside each is its result as in the JSON lines.
"""

import io
import os
import re
from collections import deque
from typing import Self

from edge_runtime.closing import NothingToClose
from edge_runtime.disk import make_directory, unwritable_directory, unwritten
from edge_runtime.errors import SinkError
from edge_runtime.files import PARTIAL, write_atomically
from edge_runtime.result import Event, Prediction, Result, timestamp
from edge_runtime.sinks.choice import kind_of
from edge_runtime.sinks.jsonl import line_of
from edge_runtime.sinks.places import PicturesAddress
from edge_runtime.sinks.slug import slug
from edge_runtime.sources import Frame

QUALITY = 85  # of JPEG: 200 kB for 1280 × 720
OURS = re.compile(r"\d{8}T\d{6}\.\d{3}Z_[\w-]+_\d{6,}_[\w-]+(?:_event)?\.jpg", re.ASCII)
LEFT = re.compile(rf"\.{OURS.pattern}\..*{re.escape(PARTIAL)}", re.ASCII)  # by a process killed while it wrote


class PicturesSink(NothingToClose):
    """Draws and writes. Other files in the directory are left alone.

    Args:
        place: Which directory, how many, how large.
    """

    vital = False

    def __init__(self, place: PicturesAddress) -> None:
        self.address = place.shown
        self._place = place
        self._names: deque[str] = deque()  # oldest first

    def check(self) -> None:
        """Raises SinkError if it could not be written now."""
        if reason := unwritable_directory(self._place.directory):
            raise SinkError(f"{self.address}: cannot be written: {reason}")

    def __enter__(self) -> Self:
        from edge_runtime.sinks.lettering import Lettering

        directory = self._place.directory
        try:
            make_directory(directory)
            names = os.listdir(directory)
            for name in names:
                if LEFT.fullmatch(name):
                    (directory / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from error
        self.check()
        self._lettering = Lettering(self._place.font)
        # By name, which is by time. In one life it is the order of writing that counts: a clock may be set back.
        self._names = deque(sorted(name for name in names if OURS.fullmatch(name)))
        return self

    def wants(self, result: Result) -> bool:
        if kind_of(result) not in self._place.what or not isinstance(result, (Prediction, Event)):
            return False
        return not self._place.labels or result.label in self._place.labels

    def take(self, result: Result, frame: Frame | None = None) -> None:
        from edge_runtime.sinks.annotate import drawn

        if not isinstance(result, (Prediction, Event)):
            return
        picture = drawn(self.address, frame, result, self._place.width, self._lettering)
        content = io.BytesIO()
        picture.save(content, "JPEG", quality=QUALITY, comment=line_of(result).encode()[:60000])
        name = name_of(result)
        try:
            if name in self._names:
                self._names.remove(name)
            while len(self._names) >= self._place.keep:
                (self._place.directory / self._names[0]).unlink(missing_ok=True)
                self._names.popleft()
            make_directory(self._place.directory)  # somebody may have removed it
            write_atomically(self._place.directory / name, content.getvalue())
        except OSError as error:
            raise self._failed(error) from error
        self._names.append(name)

    def _failed(self, error: OSError) -> SinkError:
        return unwritten(self.address, error, unwritable_directory(self._place.directory), "pictures are written again")


def name_of(result: Prediction | Event) -> str:
    """Returns a file's name that sorts by time, as ``20261121T220300.125Z_dev-video0_000007_bright.jpg``."""
    stamp = re.sub("[-:]", "", timestamp(result.captured_at))
    kind = "_event" if isinstance(result, Event) else ""
    return f"{stamp}_{slug(result.source)}_{result.frame:06}_{slug(result.label)}{kind}.jpg"
