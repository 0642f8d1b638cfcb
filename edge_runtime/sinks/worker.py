"""Gives a sink a thread of its own, so that a slow or dead one never keeps the judging waiting."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edge_runtime.console import say
from edge_runtime.errors import SinkError
from edge_runtime.result import Prediction, Result
from edge_runtime.sinks import Sink
from edge_runtime.sinks.abilities import Choosing, Keeping
from edge_runtime.sources import Frame
from edge_runtime.status import SinkStatus

WAITING = 64  # results that may wait for a sink; with frames of 1920 × 1080 it is 400 MB, so frames are let go first
FRAMES = 2  # of those that wait, how many keep their frame
LEAVING = 0.5  # seconds that a thread gets to end in
HUNG = 0.1  # the same for one that was given its time before and is still inside the sink
FLUSH = 10.0  # seconds for what is kept when a run has ended by itself: more than a reconnection takes


@dataclass
class _Waiting:
    result: Result
    frame: Frame | None
    patient: bool

    @property
    def holds_pixels(self) -> bool:
        return self.frame is not None and self.frame.path is None


class Worker:
    """Tells a sink, one result after the other.

    Args:
        sink: Entered by `start` and left by `finish`, both in the caller's thread. See `sinks/abilities.py` for what is
            done for some.
        on_failure: Called when the program must end: a vital sink failed, or one raised what is no SinkError.
        size: Results that may wait.
        clock: Seconds of the clock that is never set.
    """

    def __init__(
        self,
        sink: Sink,
        on_failure: Callable[[BaseException], None],
        size: int = WAITING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sink = sink
        self._keeping = sink if isinstance(sink, Keeping) else None
        self._wants = sink.wants if isinstance(sink, Choosing) else None
        self._sees_frames = getattr(sink, "sees_frames", True)
        self._on_failure = on_failure
        self._size = size
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = self._dead = False
        self._busy = False
        self._delivered = self._dropped = self._failed = 0
        self._error = ""
        self._pause: float | None = None  # seconds after which the sink wants to be called with nothing new
        self._thread = threading.Thread(target=self._run, name=sink.address, daemon=True)

    def start(self) -> None:
        """Enters the sink and begins. Raises SinkError."""
        self._sink.__enter__()
        self._pause = 0.0 if self._keeping else None  # what an earlier life has kept is tried at once
        self._thread.start()

    def offer(self, result: Result, frame: Frame | None, patient: bool) -> None:
        """Hands over a result.

        Args:
            result: What to tell.
            frame: What it is about.
            patient: Waits for room where there is none, as is right for files. Otherwise the oldest prediction makes
                room and counts as dropped; events and changes of sources are few, and go last.
        """
        if self._wants and not self._wants(result):
            return
        entry = _Waiting(result, frame if self._sees_frames else None, patient)
        with self._changed:
            if patient:
                self._changed.wait_for(lambda: self._has_room(entry) or self._closed or self._dead)
            elif len(self._waiting) >= self._size:
                told = (place for place, old in enumerate(self._waiting) if isinstance(old.result, Prediction))
                del self._waiting[next(told, 0)]
                self._dropped += 1
            if self._closed or self._dead:
                self._dropped += 1
                return
            self._waiting.append(entry)
            self._let_frames_go()
            self._changed.notify_all()

    def finish(self, seconds: float | None) -> None:
        """Tells what waits, for at most `seconds`, then leaves the sink; what is left then counts as dropped.

        Args:
            seconds: None takes as long as it takes, but for what a sink keeps because nobody receives it.
        """
        end = None if seconds is None else self._clock() + seconds
        with self._changed:
            ended = self._changed.wait_for(lambda: self._dead or not (self._waiting or self._busy), seconds)
            self._closed = True
            self._dropped += len(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(LEAVING if ended else HUNG)
        if self._keeping and not self._dead and not self._thread.is_alive():
            self._keeping.flush(FLUSH if end is None else max(0.0, end - self._clock()))
        self._sink.__exit__(None, None, None)

    def status(self) -> SinkStatus:
        kept = self._keeping.kept() if self._keeping else None
        with self._changed:
            here = SinkStatus(
                self._sink.address, self._delivered, self._dropped, self._failed, len(self._waiting), self._error
            )
        if kept is None:
            return here
        return SinkStatus(
            address=here.address,
            delivered=kept.delivered,
            dropped=here.dropped + kept.lost,
            failed=here.failed + kept.refused,
            waiting=here.waiting + kept.waiting,
            error=here.error or kept.error,
        )

    def _has_room(self, entry: _Waiting) -> bool:
        """Whether a result that nobody minds waiting with can be taken: its frame must not be let go later."""
        if entry.holds_pixels and sum(old.holds_pixels for old in self._waiting) >= FRAMES:
            return False
        return len(self._waiting) < self._size

    def _let_frames_go(self) -> None:
        """Leaves live results their frames as far as there is room for them, the newest first."""
        held = 0
        for entry in reversed(self._waiting):
            if entry.holds_pixels:
                held += 1
                if held > FRAMES and not entry.patient:
                    entry.frame = None

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed, self._pause)
                if self._closed and not self._waiting:
                    return
                entry = self._waiting.popleft() if self._waiting else None
                self._busy = True
                self._changed.notify_all()
            error = ""
            try:
                if entry:
                    self._sink.take(entry.result, entry.frame)
                if self._keeping and not self._waiting:
                    self._pause = self._keeping.again()
            except SinkError as refused:
                error = str(refused)
                if self._sink.vital:
                    self._die(refused)
                    return
            except BaseException as defect:  # noqa: BLE001  whatever it is, it must end the program, not only this thread
                self._die(defect)
                return
            self._note(entry is not None, error)

    def _note(self, told: bool, error: str) -> None:
        with self._changed:
            self._busy = False
            self._failed += bool(error)
            self._delivered += told and not error
            self._changed.notify_all()
        if not error and self._keeping:
            error = self._keeping.kept().error
        if error != self._error:  # once for each change, not for each result
            self._error = error
            # Without the lock: who reads standard error may be slow, and judging would wait.
            where = "" if self._sink.address in error else f"{self._sink.address}: "
            say(f"edge-runtime: {where}{error or 'works again'}")

    def _die(self, error: BaseException) -> None:
        with self._changed:
            self._dead, self._busy = True, False
            self._error = str(error)
            self._dropped += len(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        self._on_failure(error)
