"""Videos in files, through OpenCV: every frame, in order."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame, Notice
from edge_runtime.sources.camera import Captured
from edge_runtime.sources.reconnect import LostError


class VideoSource:
    """Yields the frames of a video. With a pace it is live, as a camera is.

    Args:
        path: The file.
        address: How the user named it.
        fps: Frames a second; 0 gives each one as soon as the last was taken and drops none.
        now: Seconds since 1970.
    """

    def __init__(self, path: Path, address: str = "", fps: float = 0, now: Callable[[], float] = time.time) -> None:
        self.address = address or str(path)
        self.live = fps > 0
        self._captured = Captured("video", str(path.absolute()), self.address, now=now)
        self._pause = 1 / fps if fps else 0.0
        self._now = now
        self._running: Generator[Frame | Notice, None, None] | None = None

    def __enter__(self) -> Self:
        self._captured.check()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running:
            self._running.close()

    def frames(self, stop: threading.Event) -> Iterator[Frame | Notice]:
        self._running = self._go(stop)
        return self._running

    def _go(self, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        try:
            for item in self._captured.frames(stop):
                if not isinstance(item, Frame):
                    continue
                if stop.wait(self._pause) if self._pause else stop.is_set():
                    return
                # When it was picked up: the process behind may have had it ready for a while.
                yield Frame(self.address, item.number, self._now(), item.picture)
        except LostError as error:  # a file that made its reader crash will do so again
            raise SourceError(f"{self.address}: {error}") from error
