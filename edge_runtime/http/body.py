"""A request's body, of which no more is read than may be."""

from starlette.requests import Request

from edge_runtime.http.answers import Refusal


async def body_of(request: Request, limit: int) -> bytes:
    """Returns it; raises Refusal 413 as soon as it is known to be longer than `limit` bytes."""
    too_long = Refusal(413, f"the request holds more than {limit} bytes")
    if int(request.headers.get("content-length", "0")) > limit:  # digits only, else the server refused it
        raise too_long
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise too_long
    return bytes(body)
