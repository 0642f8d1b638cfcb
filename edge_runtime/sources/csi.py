"""The ribbon camera of a Raspberry Pi: through Picamera2 where it is installed, else through the system's rpicam-vid.

rpicam-vid, which older systems call libcamera-vid, writes MJPEG to a pipe. Its settings here are those of the program's
own manual; no ribbon camera was at hand when this was written.
"""

import shutil
import threading
import time
from collections.abc import Callable, Generator
from importlib.util import find_spec

from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame, Notice
from edge_runtime.sources.camera import CSI_SIZE, OPENING, STARTING, Captured
from edge_runtime.sources.child import Child
from edge_runtime.sources.jpegs import JpegSplitter
from edge_runtime.sources.reconnect import SILENCE, TICK, Connection, Quiet

PROGRAMS = ("rpicam-vid", "libcamera-vid")
PACKAGES = (
    "sudo apt install python3-picamera2 (and a Python environment made with --system-site-packages), or rpicam-apps"
)


def csi(number: int, silence: float = SILENCE, now: Callable[[], float] = time.time) -> Connection:
    """Returns the way to a ribbon camera, by its number."""
    if find_spec("picamera2") is not None:
        return Captured("csi", str(number), f"csi://{number}", silence, now)
    return RibbonCamera(number, silence, now)


class RibbonCamera:
    """A `Connection` to what rpicam-vid writes.

    Args:
        number: Of the camera.
        silence: Seconds without a frame after which it counts as lost.
        now: Seconds since 1970.
        clock: Seconds of the clock that is never set.
    """

    def __init__(
        self,
        number: int,
        silence: float = SILENCE,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = f"csi://{number}"
        self._number = number
        self._silence = silence
        self._now = now
        self._clock = clock

    def check(self) -> None:
        if self._program() is None:
            raise SourceError(f"{self.address}: neither Picamera2 nor {' or '.join(PROGRAMS)} is installed; {PACKAGES}")

    def frames(self, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        width, height = CSI_SIZE
        command = [self._program() or PROGRAMS[0], "--camera", str(self._number), "--codec", "mjpeg"]
        command += ["--width", str(width), "--height", str(height), "--timeout", "0", "--nopreview", "--flush"]
        splitter, number = JpegSplitter(), 0
        quiet = Quiet(self._clock(), OPENING + STARTING, lost=self._silence)
        with Child([*command, "--output", "-"]) as child:
            while not stop.is_set():
                if notice := quiet.look(self._clock()):
                    yield notice
                for picture in splitter.feed(child.read(TICK)):
                    quiet.heard(self._clock())
                    yield Frame(self.address, number, self._now(), picture, self._clock())
                    number += 1

    @staticmethod
    def _program() -> str | None:
        return next(filter(None, map(shutil.which, PROGRAMS)), None)
