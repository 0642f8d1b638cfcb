"""Answers in JSON, and the one exception with which anything says no."""

import json
from collections.abc import Mapping

from starlette.responses import Response


class Refusal(Exception):
    """A request is answered with an error.

    Args:
        status: HTTP's.
        reason: For people: what was wanted, what came, what to do.
        headers: More of them.
    """

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = dict(headers or {})

    def answer(self) -> Response:
        return answer({"error": str(self)}, self.status, self.headers)


def answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Returns `content` as JSON. NaN is a defect: JSON knows none."""
    # ASCII: half a surrogate pair, in a client's text or in a file's name, could not be sent as UTF-8.
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Response(text.encode(), status, headers, media_type="application/json")
