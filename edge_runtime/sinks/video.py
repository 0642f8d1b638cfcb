"""Annotated video: each result's frame with its label, one after the other. Needs OpenCV.

A ``.avi`` is readable as far as it was written; a ``.mp4`` only once it was ended, so a killed process or a power cut
loses the one in hand, up to its size. Played, time runs evenly: the true one stands on each frame.
"""

import errno
import shutil
import threading
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from edge_runtime.disk import make_directory, unwritable_file, unwritten
from edge_runtime.errors import SinkError
from edge_runtime.result import Event, Prediction, Result
from edge_runtime.sinks.choice import kind_of
from edge_runtime.sinks.places import VideoAddress
from edge_runtime.sinks.rotation import rotate
from edge_runtime.sources import Frame

if TYPE_CHECKING:
    import cv2
    from PIL import Image

CODECS = {".mp4": "mp4v", ".avi": "MJPG"}  # what OpenCV's own FFmpeg writes everywhere
ROOM = 2**24  # bytes that must be free: OpenCV does not say that a disk is full


class VideoSink:
    """Draws and writes. The first frame of a file decides its size; others are fitted into it.

    Args:
        place: Which file, how fast, how large.
    """

    vital = False

    def __init__(self, place: VideoAddress) -> None:
        self.address = place.shown
        self._place = place
        self._opencv: ModuleType | None = None
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)  # width, height
        self._lock = threading.Lock()  # a stop ends the file from another thread

    def check(self) -> None:
        """Raises SinkError if it could not be written now."""
        if reason := unwritable_file(self._place.path):
            raise SinkError(f"{self.address}: cannot be written: {reason}")

    def __enter__(self) -> Self:
        from edge_runtime.sinks.lettering import Lettering

        try:
            import cv2
        except ImportError as error:
            advice = "pip install 'edge-runtime[camera]', or Debian's python3-opencv; pictures:DIR needs none"
            raise SinkError(f"{self.address}: video needs OpenCV, which does not import: {error}; {advice}") from error
        self._opencv = cv2
        self._lettering = Lettering(self._place.font)
        try:
            make_directory(self._place.path.parent)
            self.check()
            rotate(self._place.path, self._place.keep)  # what an earlier life has left
        except OSError as error:
            raise self._failed(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._end()
            self._opencv = None

    def wants(self, result: Result) -> bool:
        return kind_of(result) in self._place.what

    def take(self, result: Result, frame: Frame | None = None) -> None:
        from edge_runtime.sinks.annotate import drawn

        if not isinstance(result, (Prediction, Event)):
            return
        picture = drawn(self.address, frame, result, self._place.width, self._lettering)
        with self._lock:
            if self._opencv:
                try:
                    self._write(self._opencv, picture)
                except OSError as error:
                    raise self._failed(error) from error

    def _write(self, opencv: ModuleType, picture: "Image.Image") -> None:
        path = self._place.path
        if shutil.disk_usage(path.parent).free < ROOM:
            raise OSError(errno.ENOSPC, "the disk is full")
        if self._writer and path.exists() and path.stat().st_size > self._place.size:
            self._end()
            rotate(path, self._place.keep)
        if not self._writer:
            self._size = (picture.width // 2 * 2, picture.height // 2 * 2)  # the codecs take even numbers only
            codec = opencv.VideoWriter.fourcc(*CODECS[path.suffix])
            self._writer = opencv.VideoWriter(str(path), codec, self._place.fps, self._size)
            if not self._writer.isOpened():
                self._writer = None
                raise SinkError(f"{self.address}: cannot be written: {unwritable_file(path) or 'OpenCV says no more'}")
        self._writer.write(np.asarray(_inside(picture, self._size))[:, :, ::-1])

    def _end(self) -> None:
        if self._writer:
            self._writer.release()
            self._writer = None

    def _failed(self, error: OSError) -> SinkError:
        return unwritten(self.address, error, unwritable_file(self._place.path), "it goes on")


def _inside(picture: "Image.Image", size: tuple[int, int]) -> "Image.Image":
    """Returns a picture of just this size, with black around it where it has another shape."""
    from PIL import Image

    if picture.size == size:
        return picture
    if (picture.width // 2 * 2, picture.height // 2 * 2) == size:
        return picture.crop((0, 0, *size))
    scale = min(size[0] / picture.width, size[1] / picture.height)
    small = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    canvas = Image.new("RGB", size)
    canvas.paste(small, ((size[0] - small.width) // 2, (size[1] - small.height) // 2))
    return canvas
