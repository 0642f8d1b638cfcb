"""Gives a sink a thread of its own, so that a slow or dead one never keeps the judging waiting."""

import threading
from collections import deque
from collections.abc import Callable

from edge_runtime.console import say
from edge_runtime.errors import SinkError
from edge_runtime.result import Prediction, Result
from edge_runtime.sinks import Sink
from edge_runtime.sources import Frame
from edge_runtime.status import SinkStatus

WAITING = 64  # results that may wait for a sink; with frames of 1920 × 1080 it is 400 MB, so frames are let go first
FRAMES = 2  # of those that wait, how many keep their frame


class Worker:
    """Tells a sink, one result after the other.

    Args:
        sink: Entered by `start` and left by `finish`, both in the caller's thread.
        on_failure: Called when the program must end: a vital sink failed, or one raised what is no SinkError.
        size: Results that may wait.
    """

    def __init__(self, sink: Sink, on_failure: Callable[[BaseException], None], size: int = WAITING) -> None:
        self._sink = sink
        self._on_failure = on_failure
        self._size = size
        self._waiting: deque[tuple[Result, Frame | None]] = deque()
        self._changed = threading.Condition()
        self._closed = self._dead = False
        self._busy = False
        self._delivered = self._dropped = self._failed = 0
        self._error = ""
        self._thread = threading.Thread(target=self._run, name=sink.address, daemon=True)

    def start(self) -> None:
        """Enters the sink and begins. Raises SinkError."""
        self._sink.__enter__()
        self._thread.start()

    def offer(self, result: Result, frame: Frame | None, patient: bool) -> None:
        """Hands over a result.

        Args:
            result: What to tell.
            frame: What it is about.
            patient: Waits for room where there is none, as is right for files. Otherwise the oldest prediction makes
                room and counts as dropped; events and changes of sources are few, and go last.
        """
        with self._changed:
            if patient:
                self._changed.wait_for(lambda: len(self._waiting) < self._size or self._closed or self._dead)
            elif len(self._waiting) >= self._size:
                oldest = (place for place, (old, _) in enumerate(self._waiting) if isinstance(old, Prediction))
                del self._waiting[next(oldest, 0)]
                self._dropped += 1
            if self._dead:
                return
            self._waiting.append((result, frame))
            for place in range(len(self._waiting) - FRAMES - 1, -1, -1):
                told, kept = self._waiting[place]
                if kept is None or kept.path is not None:
                    break
                self._waiting[place] = (told, None)
            self._changed.notify_all()

    def finish(self, seconds: float | None) -> None:
        """Tells what waits, for at most `seconds`, then leaves the sink; what is left then counts as dropped."""
        with self._changed:
            self._changed.wait_for(lambda: self._dead or not (self._waiting or self._busy), seconds)
            self._closed = True
            self._dropped += len(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(0.5)
        self._sink.__exit__(None, None, None)

    def status(self) -> SinkStatus:
        with self._changed:
            return SinkStatus(
                self._sink.address, self._delivered, self._dropped, self._failed, len(self._waiting), self._error
            )

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                result, frame = self._waiting.popleft()
                self._busy = True
                self._changed.notify_all()
            try:
                self._sink.take(result, frame)
                error = ""
            except SinkError as refused:
                error = str(refused)
                if self._sink.vital:
                    self._die(refused)
                    return
            except BaseException as defect:  # noqa: BLE001  whatever it is, it must end the program, not only this thread
                self._die(defect)
                return
            with self._changed:
                self._busy = False
                self._note(error)
                self._changed.notify_all()

    def _note(self, error: str) -> None:
        if error:
            self._failed += 1
        else:
            self._delivered += 1
        if error != self._error:  # once for each change, not for each result
            self._error = error
            say(f"edge-runtime: {self._sink.address}: {error or 'works again'}")

    def _die(self, error: BaseException) -> None:
        with self._changed:
            self._dead, self._busy = True, False
            self._error = str(error)
            self._waiting.clear()
            self._changed.notify_all()
        self._on_failure(error)
