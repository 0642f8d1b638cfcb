"""Videos in files, through OpenCV: every frame, in order."""

import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame, Notice
from edge_runtime.sources.camera import Captured
from edge_runtime.sources.reconnect import Following, LostError


class VideoSource(Following):
    """Yields the frames of a video. With a pace it is live, as a camera is.

    Args:
        path: The file.
        address: How the user named it.
        fps: Frames a second; 0 gives each one as soon as the last was taken and drops none.
        now: Seconds since 1970.
    """

    def __init__(self, path: Path, address: str = "", fps: float = 0, now: Callable[[], float] = time.time) -> None:
        super().__init__(Captured("video", str(path.absolute()), address or str(path), now=now))
        self.live = fps > 0
        self._pause = 1 / fps if fps else 0.0
        self._now = now

    def _follow(self, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        try:
            for item in self.connection.frames(stop):
                if not isinstance(item, Frame):
                    continue
                if stop.wait(self._pause) if self._pause else stop.is_set():
                    return
                # When it was picked up: the process behind may have had it ready for a while.
                yield Frame(self.address, item.number, self._now(), item.picture, played=item.played)
        except LostError as error:  # a file that made its reader crash will do so again
            raise SourceError(f"{self.address}: {error}") from error
