"""The sink that others ask: it remembers the last results, and serves them until it is left.

`take` is called by the sink's thread, everything that is asked is answered in the server's.
"""

import errno
import os
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edge_runtime.errors import SinkError
from edge_runtime.http.asked import Captures, Facts, Judge, Model, no_facts, no_trouble
from edge_runtime.http.memory import Memory
from edge_runtime.http.settings import Settings
from edge_runtime.result import Result
from edge_runtime.sources import Frame
from edge_runtime.status import Status

if TYPE_CHECKING:
    from edge_runtime.http.inference import Inference
    from edge_runtime.http.metrics import Metrics
    from edge_runtime.http.server import PageServer


class HttpSink:
    """Listens from when it is entered until it is left.

    Args:
        settings: Where, and what is bounded.
        status: Tells how things are, as `Board.snapshot` does.
        model: Tells which model judges now.
        judge: Judges a picture that somebody sends.
        captures: Pictures kept for training, if any are.
        facts: Tells how the device is.
        trouble: Tells what is wrong with the judging, as health does; empty if nothing is.
        now: Seconds since 1970.
        clock: Seconds of the clock that is never set.

    Attributes:
        address: With the port that was taken, once it is entered.
    """

    vital = True  # whoever asked for a page shall not find out weeks later that there is none

    def __init__(
        self,
        settings: Settings,
        *,
        status: Callable[[], Status],
        model: Callable[[], Model],
        judge: Judge,
        captures: Captures | None = None,
        facts: Callable[[], Facts] = no_facts,
        trouble: Callable[[], str] = no_trouble,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = settings.address
        self._settings = settings
        self._status = status
        self._model = model
        self._judge = judge
        self._captures = captures
        self._facts = facts
        self._trouble = trouble
        self._now = now
        self._memory = Memory(clock)
        self._metrics: Metrics | None = None
        self._inference: Inference | None = None
        self._server: PageServer | None = None

    def check(self) -> None:
        """Raises SinkError if it could not listen now."""
        self._listen().close()

    def __enter__(self) -> Self:
        try:
            from edge_runtime.http.app import application
            from edge_runtime.http.door import Door
            from edge_runtime.http.guard import Guard
            from edge_runtime.http.inference import Inference
            from edge_runtime.http.labelling import Labelling
            from edge_runtime.http.metrics import Metrics
            from edge_runtime.http.server import PageServer
            from edge_runtime.http.watching import Drawing, Watching
        except ImportError as error:
            raise SinkError(f"{self.address}: {error}; pip install 'edge-runtime[http]'") from error
        listening = self._listen()
        limits = self._settings.limits
        door, drawing = Door(self._settings), Drawing()
        self._metrics = Metrics(self._status, self._facts, lambda: guard.answered)
        self._inference = Inference(self._model, self._judge, self._trouble, limits)
        watching = Watching(
            self._status,
            self._model,
            self._facts,
            captures=self._captures is not None,
            door=door,
            memory=self._memory,
            metrics=self._metrics,
            drawing=drawing,
            now=self._now,
        )
        labelling = Labelling(self._captures, self._model, drawing)
        guard = Guard(application(door, self._inference, watching, labelling), door, limits)
        self._server = PageServer(guard, listening, limits)
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.stop()
        if self._inference:
            self._inference.close()

    def take(self, result: Result, frame: Frame | None) -> None:
        """Remembers one result. Raises SinkError if the server has ended."""
        assert self._server is not None, "take before it was entered"
        assert self._metrics is not None
        if not self._server.alive:
            raise SinkError(f"{self.address}: the server has ended: {self._server.failure or 'it was told to'}")
        self._memory.note(result, frame)
        self._metrics.note(result)

    def _listen(self) -> socket.socket:
        host, port = self._settings.host, self._settings.port
        try:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            listening = socket.create_server((host, port), family=family)
        except OSError as error:
            # Of its own number: the sentence that comes with it names the address once more.
            code = error.errno or 0
            reason = os.strerror(code) if code in errno.errorcode else error.strerror or str(error)
            raise SinkError(f"{self.address}: cannot listen there: {reason}{_remedy(error)}") from error
        taken: int = listening.getsockname()[1]
        if taken != port:
            self.address = self.address.rpartition(":")[0] + f":{taken}"
        return listening


def _remedy(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "; end what listens there, or name another port"
        case errno.EACCES:
            return "; ports below 1024 belong to root, name one above"
        case errno.EADDRNOTAVAIL:
            return "; it is not an address of this machine"
    return ""
