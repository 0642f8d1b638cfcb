"""Answers what the Open Inference Protocol asks; `v2` and `v2_request` know what it says."""

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from edge_runtime.errors import PictureError
from edge_runtime.http import v2
from edge_runtime.http.answers import Refusal, answer
from edge_runtime.http.asked import Judge, Model
from edge_runtime.http.body import body_of
from edge_runtime.http.judging import Judging
from edge_runtime.http.pictures import must_be_modest
from edge_runtime.http.settings import Limits
from edge_runtime.http.v2_request import JSON_LENGTH, Wanted, parse


class Inference:
    """Args: what `sink` was given under the same names."""

    def __init__(self, model: Callable[[], Model], judge: Judge, trouble: Callable[[], str], limits: Limits) -> None:
        self._model = model
        self._judging = Judging(judge, limits.pictures)
        self._trouble = trouble
        self._limits = limits

    def close(self) -> None:
        self._judging.close()

    async def server(self, request: Request) -> Response:
        return answer(v2.server())

    async def live(self, request: Request) -> Response:
        trouble = self._trouble()
        return answer({"live": False, "error": trouble}, 503) if trouble else answer({"live": True})

    async def ready(self, request: Request) -> Response:
        name = self._named(request).identity.bundle
        trouble = self._trouble()
        if trouble:
            return answer({"name": name, "ready": False, "error": trouble}, 503)
        return answer({"name": name, "ready": True})

    async def metadata(self, request: Request) -> Response:
        return answer(v2.metadata(self._named(request)))

    async def infer(self, request: Request) -> Response:
        model = self._named(request)
        with self._judging.place():
            body = await body_of(request, self._limits.body)
            # In a thread: 16 MB of JSON would keep every other answer waiting for a third of a second.
            wanted = await asyncio.to_thread(self._read, body, request.headers.get(JSON_LENGTH), model)
            prediction = await self._judging(wanted.picture)
        if prediction.identity != model.identity:  # a new model has taken over since
            model = self._model()
        content, json_length = v2.response(wanted, model, prediction)
        if json_length is None:
            return Response(content, media_type="application/json")
        return Response(content, headers={JSON_LENGTH: str(json_length)}, media_type="application/octet-stream")

    def _read(self, body: bytes, json_length: str | None, model: Model) -> Wanted:
        wanted = parse(body, json_length, model.size)
        if isinstance(wanted.picture, bytes):
            try:
                must_be_modest(wanted.picture, self._limits.pixels)
            except PictureError as error:
                raise Refusal(400, str(error)) from error
        return wanted

    def _named(self, request: Request) -> Model:
        """Returns the model that the path names."""
        model = self._model()
        name, version = request.path_params["name"], request.path_params.get("version")
        if name != model.identity.bundle:
            raise Refusal(404, f"model {name[:80]}: not here; {model.identity.bundle} is")
        if version is not None and version != model.identity.version:
            raise Refusal(404, f"version {version[:80]}: not here; {model.identity.version} is")
        return model
