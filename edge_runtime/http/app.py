"""Which path is answered by what. Whatever is sent comes through `guard` first; who may ask is said in the table."""

from collections.abc import Awaitable, Callable
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from edge_runtime.http.answers import Refusal, answer
from edge_runtime.http.door import Door
from edge_runtime.http.inference import Inference
from edge_runtime.http.labelling import Labelling
from edge_runtime.http.watching import Watching

Endpoint = Callable[[Request], Awaitable[Response]]
MEDIA = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def application(door: Door, inference: Inference, watching: Watching, labelling: Labelling) -> Starlette:
    """Returns what answers."""

    def looks(endpoint: Endpoint) -> Endpoint:
        return _behind(door.looks, endpoint)

    def changes(endpoint: Endpoint) -> Endpoint:
        return _behind(door.changes, endpoint)

    model, version = "/v2/models/{name}", "/v2/models/{name}/versions/{version}"
    app = Starlette(
        routes=[
            *page(),
            # Whether it lives is no secret: whoever restarts it must not need a token.
            Route("/v2/health/live", inference.live),
            Route("/v2/health/ready", inference.live),
            Route("/v2", looks(inference.server)),
            Route("/v2/", looks(inference.server)),
            Route(model, looks(inference.metadata)),
            Route(version, looks(inference.metadata)),
            Route(f"{model}/ready", looks(inference.ready)),
            Route(f"{version}/ready", looks(inference.ready)),
            Route(f"{model}/infer", looks(inference.infer), methods=["POST"]),
            Route(f"{version}/infer", looks(inference.infer), methods=["POST"]),
            Route("/metrics", looks(watching.metrics)),
            Route("/api/status", looks(watching.status)),
            Route("/api/sources/{number:int}/picture", looks(watching.picture)),
            Route("/api/captures", looks(labelling.captures)),
            Route("/api/captures/{id}/picture", looks(labelling.picture)),
            Route("/api/captures/{id}/label", changes(labelling.label), methods=["PUT"]),
            Route("/api/captures/{id}", changes(labelling.remove), methods=["DELETE"]),
            Route("/api/token", changes(_nothing), methods=["POST"]),  # tells whether the token is right
        ],
        exception_handlers={Refusal: _refused, HTTPException: _not_here, ClientDisconnect: _gone, 500: _defect},
    )
    app.router.redirect_slashes = False
    return app


def page() -> list[Route]:
    """Everything the page consists of is read once, here: no path of a request ever becomes a file's name."""
    routes = []
    for file in files("edge_runtime.http").joinpath("page").iterdir():
        media = MEDIA.get(file.name.rpartition(".")[2])
        if media:
            path = "/" if file.name == "index.html" else f"/page/{file.name}"
            routes.append(Route(path, _fixed(file.read_bytes(), media)))
    return routes


def _behind(check: Callable[[Request], None], endpoint: Endpoint) -> Endpoint:
    async def checked(request: Request) -> Response:
        check(request)
        return await endpoint(request)

    return checked


def _fixed(content: bytes, media: str) -> Endpoint:
    async def fixed(request: Request) -> Response:
        # no-cache and not a long time: after an update of the kit the old page would talk to the new server.
        return Response(content, headers={"cache-control": "no-cache"}, media_type=media)

    return fixed


async def _nothing(request: Request) -> Response:
    return Response(status_code=204)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.answer()


async def _not_here(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == 405 and request.method == "OPTIONS":
        return Response(status_code=204, headers=headers)  # with Allow, and nothing that opens a door to other sites
    wanted = f"; {headers['Allow']} is" if "Allow" in headers else ""
    reasons = {404: "nothing is here", 405: f"{request.method[:20]} is not answered here{wanted}"}
    return answer({"error": reasons.get(error.status_code, error.detail)}, error.status_code, headers)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it


async def _defect(request: Request, error: Exception) -> Response:
    return answer({"error": "a defect of the edge runtime; its log says more"}, 500)
