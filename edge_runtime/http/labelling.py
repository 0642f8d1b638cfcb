"""Answers for the pictures that were kept for training: a person looks at them, names them or throws them away."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import Response

from edge_runtime.bundle.fields import decode, parse
from edge_runtime.captures.capture import NoSuchCapture
from edge_runtime.captures.labels import known_labels, must_be_known
from edge_runtime.errors import EdgeError, FieldError, UsageError
from edge_runtime.http.answers import Refusal, answer
from edge_runtime.http.asked import Captures, Model
from edge_runtime.http.body import body_of
from edge_runtime.http.view import captured
from edge_runtime.http.watching import Drawing

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
SHOWN = 60
LONGEST = 4096  # bytes of JSON with a label in it
T = TypeVar("T")


@dataclass(frozen=True)
class Given:
    """What a person says a picture shows."""

    label: str | None


class Labelling:
    """Args: what `sink` was given under the same names, and what makes pictures small."""

    def __init__(self, captures: Captures | None, model: Callable[[], Model], drawing: Drawing) -> None:
        self._captures = captures
        self._model = model
        self._drawing = drawing

    async def captures(self, request: Request) -> Response:
        captures = await asyncio.to_thread(self._kept().list)
        return answer(captured(captures[:SHOWN], known_labels(self._model().labels, captures)))

    async def picture(self, request: Request) -> Response:
        content = await self._with(request, self._kept().picture)
        # A kept picture never changes, and its id is never given again.
        headers = {"cache-control": "private, max-age=86400"}
        return Response(await self._drawing(content), headers=headers, media_type="image/jpeg")

    async def label(self, request: Request) -> Response:
        label = given(await body_of(request, LONGEST))
        await self._with(request, lambda id: self._give(id, label))
        return Response(status_code=204)

    async def remove(self, request: Request) -> Response:
        await self._with(request, self._kept().remove)
        return Response(status_code=204)

    def _give(self, id: str, label: str | None) -> None:
        if label is not None:
            try:
                # A label that is new is given at the device: it is no slip of a finger there.
                must_be_known(label, known_labels(self._model().labels, self._kept().list()))
            except UsageError as error:
                raise Refusal(400, str(error)) from error
        self._kept().give_label(id, label)

    def _kept(self) -> Captures:
        if self._captures is None:
            raise Refusal(404, "no pictures are kept for training; --sink captures:DIR keeps some")
        return self._captures

    async def _with(self, request: Request, work: Callable[[str], T]) -> T:
        """Does something with the capture that the path names, in a thread: it is on a disk."""
        id = request.path_params["id"]
        missing = Refusal(404, f"capture {id[:80]}: not there, or no longer")
        if not ID.fullmatch(id):
            raise missing
        try:
            return await asyncio.to_thread(work, id)
        except NoSuchCapture as error:
            raise missing from error
        except EdgeError as error:  # a full disk, for example
            raise Refusal(500, str(error)) from error


def given(body: bytes) -> str | None:
    """Returns the label in a request's body, None where it is to be taken back; raises Refusal 400."""
    try:
        return parse(Given, decode(body, "the request"), "the request").label
    except FieldError as error:
        raise Refusal(400, str(error)) from error
