"""What reads in the capture process: OpenCV for devices, streams and videos, Picamera2 for a ribbon camera."""

import time
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import SourceError
from edge_runtime.sources.address import parse
from edge_runtime.sources.camera import CSI_SIZE, OPENING, Job, opencv
from edge_runtime.sources.devices import check
from edge_runtime.sources.reach import why_not
from edge_runtime.sources.reconnect import LostError


class Reader(Protocol):
    """What reads a camera."""

    def grab(self) -> bool:
        """Waits for the next picture; False where there was none."""

    def shape(self) -> tuple[int, int, int]:
        """Takes the picture that was grabbed in hand and returns its shape ``(height, width, 3)``."""

    def put(self, into: NDArray[np.uint8]) -> None:
        """Writes it, RGB, into an array of that shape."""

    def played(self) -> float:
        """Returns where it stands, in seconds from the beginning; means something of a video only."""


class OpenCvReader:
    """A device, stream or video."""

    def __init__(self, cv2: Any, capture: Any) -> None:
        self._cv2 = cv2
        self._capture = capture
        self._picture: Any = None

    def grab(self) -> bool:
        return bool(self._capture.grab())

    def shape(self) -> tuple[int, int, int]:
        there, self._picture = self._capture.retrieve()
        return (*self._picture.shape[:2], 3) if there else (0, 0, 3)

    def put(self, into: NDArray[np.uint8]) -> None:
        grey = self._picture.ndim == 2  # infrared and thermal cameras
        kind = self._cv2.COLOR_GRAY2RGB if grey else self._cv2.COLOR_BGR2RGB
        self._cv2.cvtColor(self._picture, kind, dst=into)

    def played(self) -> float:
        return float(self._capture.get(self._cv2.CAP_PROP_POS_MSEC)) / 1000


class PicameraReader:
    """The ribbon camera of a Raspberry Pi, through Picamera2, which comes with its system (python3-picamera2)."""

    def __init__(self, number: int) -> None:
        try:
            picamera2: Any = import_module("picamera2")
        except Exception as error:  # whatever a package of the system's that was built for another numpy may raise
            raise SourceError(f"picamera2 is installed but does not import: {error}") from error
        try:
            self._camera = picamera2.Picamera2(number)
            # Picamera2 names formats as libcamera does, by the order in a little-endian word: BGR888 is R, G, B in
            # memory (Picamera2 manual, 4.2.2.2).
            wanted = {"size": CSI_SIZE, "format": "BGR888"}
            self._camera.configure(self._camera.create_video_configuration(main=wanted))
            self._camera.start()
        except Exception as error:  # libcamera raises RuntimeError and IndexError for what is not connected
            raise LostError(f"Picamera2 cannot open camera {number}: {error}; is the ribbon in?") from error
        self._picture: Any = None

    def grab(self) -> bool:
        self._picture = self._camera.capture_array("main")
        return True

    def shape(self) -> tuple[int, int, int]:
        height, width = self._picture.shape[:2]
        return height, width, 3

    def put(self, into: NDArray[np.uint8]) -> None:
        into[...] = self._picture[..., :3]

    def played(self) -> float:
        return 0.0


def opened(job: Job) -> Reader:
    """Returns a reader of what the job names; raises LostError or SourceError."""
    if job.kind == "csi":
        return PicameraReader(int(job.address))
    cv2: Any = opencv()
    capture = cv2.VideoCapture()
    if job.kind == "device":
        try:
            check(Path(job.address))
        except SourceError as error:
            raise LostError(str(error).removeprefix(f"{job.address}: ")) from error
        if not capture.open(job.address, cv2.CAP_V4L2):
            raise LostError(
                f"OpenCV cannot open it; another program uses it ('fuser {job.address}' tells which), "
                "or its pictures have a format that OpenCV does not know"
            )
    elif job.kind == "video":
        if not capture.open(job.address, cv2.CAP_FFMPEG):
            raise SourceError("OpenCV cannot read it as a video")
    else:
        parsed = parse(job.address)
        limits = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(OPENING * 1000)),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(job.silence * 1000)),
            # Several threads decode several pictures at a time and give each out as late as that.
            *(cv2.CAP_PROP_N_THREADS, 1),
        ]
        start = time.monotonic()
        if not capture.open(parsed.url, cv2.CAP_FFMPEG, limits):
            late = time.monotonic() - start >= OPENING
            reason = f"nothing came within {OPENING:g} s; is the camera on?" if late else why_not(parsed)
            raise LostError(f"cannot be opened: {reason}")
    return OpenCvReader(cv2, capture)
