"""Cameras that a process of its own reads: those of this machine, network streams (RTSP), and videos in files.

A driver or library that hangs is killed with its process, and one that crashes takes nothing with it. Pictures come
through memory that both processes share: 0.2 ms of a CPU for 1920 × 1080, where a pipe would take 1.9. `opencv` is the
one place where OpenCV is imported, and only the process in `capture` calls it.
"""

import json
import mmap
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from edge_runtime.device import child as beside
from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame, Notice
from edge_runtime.sources.address import parse
from edge_runtime.sources.child import Child
from edge_runtime.sources.reconnect import SILENCE, TICK, LostError, Quiet

OPENING = 10.0  # seconds for a stream to begin: cameras that send a whole picture every few seconds need some
STARTING = 5.0  # seconds besides for Python and OpenCV to be loaded; a Raspberry Pi 3 with a slow card takes 4
CSI_SIZE = (640, 480)  # width, height: models see up to 300 pixels each way, and a sensor bins to this at full view
SELECT = 1  # seconds, OpenCV's smallest: how long a read of a device waits before it looks whether it is there still
EXTRA, PACKAGE = "camera", "opencv-python-headless"
ADVICE = f"install the extra '{EXTRA}' of edge-runtime, or: pip install {PACKAGE}"

Kind = Literal["device", "stream", "video", "csi"]


@dataclass(frozen=True)
class Job:
    """What a capture process shall do.

    Attributes:
        kind: What is read.
        address: A node, a stream's address with its password, a file, or the number of a ribbon camera.
        memory: The file descriptor of the memory that pictures are handed over in.
        silence: Seconds without a picture after which a stream has failed.
    """

    kind: Kind
    address: str
    memory: int
    silence: float = SILENCE

    def __repr__(self) -> str:  # the default one would print the password
        return f"Job({self.kind})"


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
        raise SourceError(missing()) from error
    except (ImportError, AttributeError) as error:  # a missing system library, or one built for another numpy
        raise SourceError(f"OpenCV is installed but does not import: {error}; {ADVICE}") from error
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    # Converting colours on all CPUs takes twice the CPU time (2.2 against 1.1 ms for 1920 × 1080) from the interpreter.
    cv2.setNumThreads(1)
    return cv2


def missing(what: str = "cameras need") -> str:
    return f"{what} OpenCV, which is not installed; {ADVICE}"


class Captured:
    """A `Connection` to a camera, or a video, that a capture process reads.

    Args:
        kind: What is read.
        address: As `Job` has it.
        shown: The same without credentials.
        silence: Seconds without a frame after which a camera counts as lost.
        now: Seconds since 1970.
        clock: Seconds of the clock that is never set, which is the same in all processes.
    """

    def __init__(
        self,
        kind: Kind,
        address: str,
        shown: str,
        silence: float = SILENCE,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = shown
        self.pid: int | None = None  # of the process that reads now
        self._kind = kind
        self._job = address
        self._silence = silence
        self._now = now
        self._clock = clock

    def check(self) -> None:
        if self._kind != "csi" and find_spec("cv2") is None:
            raise SourceError(missing("videos need" if self._kind == "video" else "cameras need"))
        if not sys.executable:
            raise SourceError(f"{self.address}: its capture process needs Python, and nothing tells where it is")

    def frames(self, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        with tempfile.TemporaryFile() if not hasattr(os, "memfd_create") else os.fdopen(_memory(), "r+b") as memory:
            job = Job(self._kind, self._job, memory.fileno(), self._silence)
            with Child(_command(self.address), [memory.fileno()], _environment()) as child:
                self.pid = child.pid
                try:
                    child.tell(json.dumps(asdict(job)).encode() + b"\n")
                    yield from self._receive(child, memory.fileno(), stop)
                finally:
                    self.pid = None

    def _receive(self, child: Child, memory: int, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        patient = self._kind == "video"
        quiet = Quiet(self._clock(), OPENING + STARTING, lost=self._silence)
        lines, shared = b"", None
        child.tell(b"1")
        while not stop.is_set():
            if not patient and (notice := quiet.look(self._clock())):
                yield notice
            lines += child.read(TICK)
            line, end, lines = lines.partition(b"\n")
            if not end:
                lines = line
                continue
            message: dict[str, Any] = json.loads(line)
            if "frame" not in message:
                if message.get("end"):
                    return
                if "failed" in message:
                    raise SourceError(f"{self.address}: {message['failed']}")
                raise LostError(message["lost"])
            size = int(np.prod(message["shape"]))
            if shared is None or len(shared) < size:
                shared = mmap.mmap(memory, size, prot=mmap.PROT_READ)
            # A copy: the next picture is written to the same place as soon as it has been asked for.
            picture = np.frombuffer(shared, np.uint8, size).reshape(message["shape"]).copy()
            child.tell(b"1")
            taken = message["taken"]
            quiet.heard(self._clock())
            at = self._now() - (self._clock() - taken)
            yield Frame(self.address, message["frame"], at, picture, taken, message["played"])


def device(path: Path, silence: float = SILENCE, now: Callable[[], float] = time.time) -> Captured:
    """Returns the way to a camera of this machine, through V4L2."""
    return Captured("device", str(path), str(path), silence, now)


def stream(address: str, silence: float = SILENCE, now: Callable[[], float] = time.time) -> Captured:
    """Returns the way to a stream of the network; raises UsageError for what is no address."""
    return Captured("stream", address, parse(address).shown, silence, now)


def _memory() -> int:
    """Returns a descriptor of memory that whoever has it may let grow and nobody shrink: that would kill its reader."""
    import fcntl

    memory = os.memfd_create("frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    return memory


def _command(shown: str) -> list[str]:
    # The address is for who lists processes.
    return beside.python("-m", "edge_runtime.sources.capture", shown)


def _environment() -> dict[str, str]:
    """Returns an environment in which the process finds this very package, and no thread that it has no use for."""
    return beside.environment() | {"OMP_NUM_THREADS": "1"}
