"""Answers what a person or a monitoring system looks at: how things are, the metrics, each source's picture."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from edge_runtime.errors import PictureError
from edge_runtime.http.answers import Refusal, answer
from edge_runtime.http.asked import Facts, Model
from edge_runtime.http.door import Door
from edge_runtime.http.memory import Memory
from edge_runtime.http.metrics import Metrics
from edge_runtime.http.pictures import small_jpeg
from edge_runtime.http.view import overview, tag
from edge_runtime.sources import Frame, Picture
from edge_runtime.status import Status

FRESH = 0.2  # seconds for which a source's picture is not made anew, however many look


class Drawing:
    """Makes small JPEGs, one at a time: the judge needs the processor too."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(1)

    async def __call__(self, picture: Picture) -> bytes:
        """Returns it; raises Refusal 404 for one that cannot be shown, because its file is gone for example."""
        async with self._free:
            try:
                return await asyncio.to_thread(small_jpeg, picture)
            except PictureError as error:
                raise Refusal(404, str(error)) from error


@dataclass
class _Shown:
    tag: str = ""
    made: float = 0.0
    jpeg: bytes = b""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Watching:
    """Args: what `sink` was given under the same names, and what it keeps.

    `captures` tells the page whether pictures are kept for training.
    """

    def __init__(
        self,
        status: Callable[[], Status],
        model: Callable[[], Model],
        facts: Callable[[], Facts],
        *,
        captures: bool,
        door: Door,
        memory: Memory,
        metrics: Metrics,
        drawing: Drawing,
        now: Callable[[], float],
    ) -> None:
        self._status = status
        self._model = model
        self._facts = facts
        self._captures = captures
        self._door = door
        self._memory = memory
        self._metrics = metrics
        self._drawing = drawing
        self._now = now
        self._shown: dict[str, _Shown] = {}

    async def metrics(self, request: Request) -> Response:
        text, media = self._metrics.text(request.headers.get("accept", ""))
        return Response(text, headers={"content-type": media})

    async def status(self, request: Request) -> Response:
        content = overview(self._status(), self._model(), self._facts(), self._memory, self._now())
        return answer({**content, "captures": self._captures, "changing": self._door.asks(request)})

    async def picture(self, request: Request) -> Response:
        sources = self._status().sources
        number = request.path_params["number"]
        if number >= len(sources):
            raise Refusal(404, f"source {number}: there are {len(sources)}, counted from 0")
        frame = self._memory.frame(sources[number].address)
        if frame is None:
            raise Refusal(404, f"source {number}: no picture yet")
        shown = await self._drawn(frame)
        headers = {"etag": f'"{shown.tag}"', "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(shown.jpeg, headers=headers, media_type="image/jpeg")

    async def _drawn(self, frame: Frame) -> _Shown:
        shown = self._shown.setdefault(frame.source, _Shown())
        async with shown.lock:
            if shown.tag != tag(frame) and (not shown.jpeg or time.monotonic() - shown.made >= FRESH):
                shown.jpeg = await self._drawing(frame.picture)
                shown.tag, shown.made = tag(frame), time.monotonic()
        return shown
