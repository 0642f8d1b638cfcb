"""Cameras through OpenCV: those of this machine, and streams of the network. The only module that needs OpenCV.

What is not done here: a camera that ends is not opened again, and pictures that stay black or frozen are not noticed.
A failure ends the program with a reason, and a supervisor starts it again.
"""

import contextlib
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame
from edge_runtime.sources.address import parse
from edge_runtime.sources.devices import check
from edge_runtime.sources.hangup import TICK, hung_up_on, peers_of
from edge_runtime.sources.reach import why_not

OPENING = 10.0  # seconds for a stream to begin: cameras that send a whole picture every few seconds need some
SILENCE = 5.0  # seconds without a frame after which a camera has failed; a bad wireless network pauses for 1 to 3
BROKEN = 10  # pictures in a row that cannot be decoded; a stream that has ended gives as many, TICK after TICK
SELECT = 1  # seconds, OpenCV's smallest: how long a read of a device waits before stop is looked at again
EXTRA, PACKAGE = "camera", "opencv-python-headless"
ADVICE = f"install the extra '{EXTRA}' of edge-runtime, or: pip install {PACKAGE}"

# OpenCV opens one stream at a time, and its time-out begins to run before the others': who waits here hears a stop.
_opening = threading.Lock()


def opencv() -> ModuleType:
    """Returns OpenCV, silent: its messages, and FFmpeg's, show addresses with their passwords.

    Raises:
        SourceError: It is not installed, or does not import.
    """
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"  # AV_LOG_QUIET; read when the first stream is opened
    os.environ["OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT"] = str(SELECT)  # read at the first frame; 10 s otherwise
    try:
        import cv2
    except ModuleNotFoundError as error:
        if error.name != "cv2":
            raise SourceError(f"OpenCV is installed but does not import: {error}; {ADVICE}") from error
        raise SourceError(f"cameras need OpenCV, which is not installed; {ADVICE}") from error
    except (ImportError, AttributeError) as error:  # a missing system library, or one built for another numpy
        raise SourceError(f"OpenCV is installed but does not import: {error}; {ADVICE}") from error
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    # Converting colours on all CPUs takes twice the CPU time (2.2 against 1.1 ms for 1920 × 1080) from the interpreter.
    cv2.setNumThreads(1)
    return cv2


class CameraSource(ABC):
    """What cameras have in common. Checked when entered, opened by `frames`, closed when left.

    Attributes:
        address: As shown, without user and password.

    Args:
        address: The same.
        silence: Seconds without a frame after which the camera has failed.
        now: Seconds since 1970.
    """

    live = True

    def __init__(self, address: str, silence: float = SILENCE, now: Callable[[], float] = time.time) -> None:
        self.address = address
        self._silence = silence
        self._now = now
        self._capture: Any = None

    def __enter__(self) -> Self:
        self._cv2: Any = opencv()
        self._capture = self._cv2.VideoCapture()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._capture.release()

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        with self._interrupted_by(stop):
            self._open(stop)
            number = 0
            while (picture := self._next(stop)) is not None:
                yield Frame(self.address, number, self._now(), picture)
                number += 1

    def _interrupted_by(self, stop: threading.Event) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    @abstractmethod
    def _open(self, stop: threading.Event) -> None:
        """Opens the camera, or returns when `stop` is set; raises SourceError."""

    @abstractmethod
    def _failed(self, reads: int) -> str | None:
        """Returns why no frame will come after so many reads without one, as the rest of a sentence, or None."""

    def _next(self, stop: threading.Event) -> NDArray[np.uint8] | None:
        """Returns the next picture, RGB, or None when `stop` is set. A broken one is passed over."""
        start, reads = time.monotonic(), 0
        while not stop.is_set():
            grabbed, picture = self._capture.read()
            if grabbed:
                rgb: NDArray[np.uint8] = self._cv2.cvtColor(picture, self._cv2.COLOR_BGR2RGB)
                return rgb
            if stop.is_set():
                break
            reads += 1
            silent = time.monotonic() - start >= self._silence
            reason = f"gave no frame for {self._silence:g} s" if silent else self._failed(reads)
            if reason:
                raise SourceError(f"{self.address}: {reason}")
            stop.wait(TICK)
        return None


class DeviceSource(CameraSource):
    """A camera of this machine, through V4L2.

    Without a frame it stops within `SELECT` seconds.
    """

    def __init__(self, path: Path, silence: float = SILENCE, now: Callable[[], float] = time.time) -> None:
        super().__init__(str(path), silence, now)
        self._path = path

    def __enter__(self) -> Self:
        check(self._path)
        return super().__enter__()

    def _open(self, stop: threading.Event) -> None:
        if not self._capture.open(str(self._path), self._cv2.CAP_V4L2):
            raise SourceError(
                f"{self._path}: OpenCV cannot open it; another program uses it ('fuser {self._path}' tells which), "
                "or its pictures have a format that OpenCV does not know"
            )

    def _failed(self, reads: int) -> str | None:
        return None if self._path.exists() else "the camera is gone; was it unplugged?"


class StreamSource(CameraSource):
    """A stream of the network: RTSP, or MJPEG over HTTP, through OpenCV's FFmpeg.

    Without a frame it stops within `TICK` seconds, and within `silence` where the connection cannot be hung up: after a
    redirection to another host. While a host that does not answer is connected to, it stops within `OPENING` seconds.
    """

    def __init__(self, address: str, silence: float = SILENCE, now: Callable[[], float] = time.time) -> None:
        self._parsed = parse(address)
        super().__init__(self._parsed.shown, silence, now)

    def _interrupted_by(self, stop: threading.Event) -> contextlib.AbstractContextManager[None]:
        return hung_up_on(stop, peers_of(self._parsed.host, self._parsed.port))

    def _open(self, stop: threading.Event) -> None:
        cv2 = self._cv2
        limits = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(OPENING * 1000)),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(self._silence * 1000)),
        ]
        while not _opening.acquire(timeout=TICK):
            if stop.is_set():
                return
        try:
            start = time.monotonic()
            opened = stop.is_set() or self._capture.open(self._parsed.url, cv2.CAP_FFMPEG, limits)
            seconds = time.monotonic() - start
        finally:
            _opening.release()
        if not opened and not stop.is_set():
            late = seconds >= OPENING
            reason = f"nothing came within {OPENING:g} s; is the camera on?" if late else why_not(self._parsed)
            raise SourceError(f"{self.address}: cannot be opened: {reason}")

    def _failed(self, reads: int) -> str | None:
        return "the stream ended, or has nothing but broken pictures" if reads >= BROKEN else None
