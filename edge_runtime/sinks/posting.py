"""One POST, and what its answer means."""

import email.utils
import http.client
from dataclasses import dataclass

ANSWER = 2**16  # bytes of an answer that are read: it says nothing that is needed


@dataclass(frozen=True)
class Answer:
    """What a receiver said: its status, and the header Retry-After."""

    status: int
    retry_after: str | None


def seconds_of(retry_after: str, now: float) -> float | None:
    """Returns what a Retry-After header asks for, RFC 9110 10.2.3; None where it makes no sense."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return float(text[:10])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def post(connection: http.client.HTTPConnection, target: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Posts a JSON object.

    Raises:
        OSError, http.client.HTTPException: There was no answer.
    """
    connection.request("POST", target, body, headers)
    answer = connection.getresponse()
    answer.read(ANSWER)
    if not answer.isclosed():  # more than anybody needs to say; the connection cannot be used again
        connection.close()
    return Answer(answer.status, answer.getheader("Retry-After"))


def named(status: int) -> str:
    """Returns a status as people know it."""
    if 300 <= status < 400:
        return f"{status}, a redirect, which is not followed; give the address that it leads to"
    phrase = http.client.responses.get(status, "")
    return f"{status} {phrase}".strip()
