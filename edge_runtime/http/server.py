"""uvicorn in a thread of its own, with connections that do not last for ever.

The thread and its event loop are uvicorn's; no signal handler is installed, because it installs them in a main thread
only. A stop gives the answers in hand `GRACE` seconds, then hangs up: 0.7 s with whatever is connected.
"""

import asyncio
import socket
import threading

import h11
from starlette.types import ASGIApp
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from edge_runtime.http.guard import Guard
from edge_runtime.http.settings import Limits

GRACE = 0.4  # seconds
SLACK = 5.0  # seconds that a connection lives longer than a request may take: the guard's own answer comes first
LONGEST_HEADERS = 16 * 1024  # bytes


class PageServer:
    """Serves an application on a socket that listens already; it is the server's from then on."""

    def __init__(self, guard: Guard, listening: socket.socket, limits: Limits) -> None:
        self._guard = guard
        self._socket = listening
        self._connections: set[Bounded] = set()
        self._server = _Server(_config(guard, limits, self._connections))
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.failure: BaseException | None = None

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()
        self._server.ready.wait(10)

    def stop(self) -> None:
        """Ends it; returns when its thread has ended, or after a second."""
        if self._loop is not None and self.alive:
            self._loop.call_soon_threadsafe(self._end)
        self._thread.join(1.0)
        self._socket.close()

    def _end(self) -> None:
        self._server.should_exit = True
        asyncio.get_running_loop().call_later(GRACE, self._hang_up)

    def _hang_up(self) -> None:
        self._guard.give_up()
        for connection in list(self._connections):
            connection.transport.abort()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001  told by the next result that the sink is to take
            self.failure = error
        finally:
            self._server.ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve([self._socket])


class _Server(Server):
    """Says when it has started."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def _config(app: ASGIApp, limits: Limits, connections: "set[Bounded]") -> Config:
    class Protocol(Bounded):
        LIMITS = limits
        ALL = connections

    return Config(
        app,
        loop="asyncio",
        http=Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",  # whoever sends rubbish shall not fill the log; defects are told by the guard
        access_log=False,
        proxy_headers=False,  # else whoever is on this machine could name any client
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=LONGEST_HEADERS,
    )


class Bounded(H11Protocol):
    """A connection that is cut when its client is too slow: uvicorn itself would wait for ever for a request's headers
    and for an answer to be read."""

    LIMITS: Limits
    ALL: "set[Bounded]"
    _timer: asyncio.TimerHandle | None = None
    _request: object = None  # the one that the timer is for; None while headers are awaited

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        if len(self.ALL) >= self.LIMITS.connections:
            transport.abort()
            return
        self.ALL.add(self)
        # Head and body of an answer are two writes: without this the second waits 40 ms for the client's
        # acknowledgement of the first. asyncio does it only for sockets that were made with a protocol's number.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._arm(self.LIMITS.header_seconds)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        request = self.cycle if self._busy() else None
        if request is not self._request:
            self._request = request
            self._arm(self.LIMITS.header_seconds if request is None else self.LIMITS.request_seconds + SLACK)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ALL.discard(self)
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def _arm(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        # Answered and idle: uvicorn closes it after `timeout_keep_alive`. Everything else has taken too long: headers,
        # a body that is still being sent although it was answered, an answer that nobody reads.
        idle = self._request is not None and not self._busy() and self.conn.their_state is not h11.SEND_BODY
        if not idle or self.transport.is_closing():
            self.transport.abort()

    def _busy(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # None until the first request, whatever uvicorn declares
        return cycle is not None and not cycle.response_complete
