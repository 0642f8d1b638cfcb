"""Stands before every request, and behind every answer."""

import asyncio
import time
import traceback
from collections import Counter
from collections.abc import Callable

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_runtime.console import say
from edge_runtime.http.answers import Refusal
from edge_runtime.http.bucket import Buckets, client_of
from edge_runtime.http.door import Door
from edge_runtime.http.settings import Limits

HEADERS = {
    # blob: pictures are fetched with the token in a header, which <img src> cannot send.
    "content-security-policy": "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class Guard:
    """An ASGI application around another one.

    Args:
        app: Answers what is let through.
        door: Knows this machine's names.
        limits: How much, how many, how long.
        now: Seconds of the clock that is never set.

    Attributes:
        answered: How many requests were answered, by status.
    """

    def __init__(self, app: ASGIApp, door: Door, limits: Limits, now: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._door = door
        self._limits = limits
        self._now = now
        self._buckets = Buckets(limits.rate, limits.burst)
        self._running: set[asyncio.Task[None]] = set()
        self._said = 0
        self.answered: Counter[int] = Counter()

    def give_up(self) -> None:
        """Ends every request in hand. Called in the server's thread."""
        for task in self._running:
            task.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the server speaks neither WebSocket nor lifespan
            return
        started = False

        async def answering(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self.answered[message["status"]] += 1
                message = {**message, "headers": _with_headers(message.get("headers", []))}
            await send(message)

        task = asyncio.current_task()
        assert task is not None
        refusal: Refusal | None = None
        try:
            self._admit(scope)
            self._running.add(task)
            async with asyncio.timeout(self._limits.request_seconds):
                await self._app(scope, receive, answering)
        except Refusal as error:
            refusal = error
        except TimeoutError:
            refusal = Refusal(408, f"took longer than {self._limits.request_seconds:g} s", {"Connection": "close"})
        except asyncio.CancelledError:
            return  # the server ends, and with it this connection
        except Exception as defect:  # noqa: BLE001  a defect in one answer is no reason to end the others
            self._note(defect)
            refusal = Refusal(500, "a defect of the edge runtime; its log says more")
        finally:
            self._running.discard(task)
        if refusal and not started:
            await refusal.answer()(scope, receive, answering)

    def _admit(self, scope: Scope) -> None:
        request = HTTPConnection(scope)
        client = client_of(request.client.host if request.client else "")
        if wait := self._buckets.take(client, self._now()):
            raise Refusal(429, "too many requests; wait", {"Retry-After": str(int(wait) + 1)})
        self._door.knows(request)
        if len(self._running) >= self._limits.at_once:
            raise Refusal(503, "too many requests at once; try again", {"Retry-After": "1"})

    def _note(self, defect: Exception) -> None:
        self._said += 1
        if self._said <= 10:  # the same defect at every poll of a page would fill the log
            say(f"edge-runtime: http: {''.join(traceback.format_exception(defect)).rstrip()}")


def _with_headers(given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    if not any(name.lower() == b"cache-control" for name, _ in given):
        own.append((b"cache-control", b"no-store"))
    return [*given, *own]
