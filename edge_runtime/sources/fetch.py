"""Asks a web server for something and reads what it sends, with an eye on the clock and on `stop`. Standard library.

User and password are sent when the server asks for them, to the host that they were given for, and never from an
encrypted connection on to one that is not.
"""

import http.client
import secrets
import socket
import threading
from dataclasses import replace
from typing import Self, cast
from urllib.parse import quote, urljoin

from edge_runtime.errors import UsageError
from edge_runtime.sources.address import PORTS, SECURE, StreamAddress, parse
from edge_runtime.sources.auth import Login
from edge_runtime.sources.reach import meaning, unreachable
from edge_runtime.sources.reconnect import LostError
from edge_runtime.sources.wire import CONNECTING, Wait, Wire, connected, secured

ANSWERING = 10.0  # seconds for an answer's head; a camera that has to wake its sensor takes 3
REDIRECTS = 5
AGENT = "edge-runtime"
# What a path and query may hold as it is (RFC 3986); all else is escaped, and what is escaped stays so.
PLAIN = "/?&=%:;,+$@!*'()~-._[]"


class Answer:
    """An answer whose head has come: 200 and a body to be read.

    Attributes:
        kind: The type of the content, as in ``image/jpeg``, in small letters and without parameters.
    """

    def __init__(self, response: http.client.HTTPResponse, wire: Wire) -> None:
        self.kind = (response.headers.get_content_type() or "").lower()
        self._response = response
        self._wire = wire

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()
        self._wire.close()

    def read(self, wait: Wait) -> bytes | None:
        """Returns what has come; empty after `TICK` without anything, None at the end.

        Raises:
            LostError: The connection broke, or what comes is no HTTP.
        """
        self._wire.wait = wait
        try:
            if self._response.isclosed() or self._response.length == 0:  # whoever does not hang up after it
                return None
            self._wire.looking = True
            there = self._response.fp.peek(1)
            self._wire.looking = False
            if not there and not self._wire.ended:
                return b""
            return self._response.read1(1 << 16) or None
        except http.client.HTTPException as error:
            raise LostError(f"what it sends is no proper HTTP ({type(error).__name__})") from error
        except OSError as error:
            raise LostError(f"the connection broke: {error.strerror or type(error).__name__}") from error

    def body(self, limit: int, wait: Wait) -> bytes:
        """Returns all of it. Raises LostError when it is larger than `limit` or does not come in time."""
        parts, size = [], 0
        while (part := self.read(wait)) is not None:
            size += len(part)
            if size > limit:
                raise LostError(f"sends more than {limit >> 20} MiB for one picture")
            parts.append(part)
            try:
                wait.check()
            except TimeoutError as error:
                raise LostError("its picture did not come in time") from error
        return b"".join(parts)


class Fetcher:
    """Asks for one address, again and again if need be; remembers how the server wants to be told user and password.

    Args:
        address: With user and password.
        verify: Whether a server's certificate must be one that this machine trusts.
    """

    def __init__(self, address: StreamAddress, verify: bool = True) -> None:
        self._address = address
        self._verify = verify
        self._login = self._new_login(address)

    @staticmethod
    def _new_login(address: StreamAddress) -> Login | None:
        return None if address.user is None else Login(address.user, address.password, lambda: secrets.token_hex(8))

    def get(self, stop: threading.Event) -> Answer:
        """Returns the answer, to be entered.

        Raises:
            LostError: There is none, or it is a refusal.
            Stopped: `stop` was set.
        """
        address, login = self._address, self._login
        for _ in range(REDIRECTS + 1):
            response, wire = self._ask(address, login, stop)
            if response.status == 401 and login and login.learn(response.headers.get_all("WWW-Authenticate", [])):
                wire.close()
                response, wire = self._ask(address, login, stop)
            if response.status == 200:
                return Answer(response, wire)
            wire.close()
            if response.status not in (301, 302, 303, 307, 308):
                line = f"HTTP/1.1 {response.status} {response.reason}"
                raise LostError(f"cannot be opened: {meaning(line, address)}")
            target = redirected(address, response.headers.get("Location", ""))
            if (target.scheme, target.host, target.port) != (address.scheme, address.host, address.port):
                login = self._new_login(target)
            address = target
        raise LostError(f"cannot be opened: it redirects more than {REDIRECTS} times")

    def _ask(
        self, address: StreamAddress, login: Login | None, stop: threading.Event
    ) -> tuple[http.client.HTTPResponse, Wire]:
        connection = connected(address, stop)
        try:
            if address.scheme in SECURE:
                connection = secured(connection, address, self._verify, Wait.of(stop, CONNECTING))
            target = quote(address.path, safe=PLAIN)
            # HTTP 1.0: its answers are not cut into chunks, whose ends could not be waited for a moment at a time.
            lines = [f"GET {target} HTTP/1.0", f"Host: {_netloc(address)}", f"User-Agent: {AGENT}"]
            lines += ["Accept: multipart/x-mixed-replace, image/*, */*;q=0.5"]
            if login and (authorization := login.header("GET", target)):
                lines.append(f"Authorization: {authorization}")
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", errors="replace"))
            wire = Wire(connection, Wait.of(stop, ANSWERING))
            response = http.client.HTTPResponse(cast("socket.socket", wire), method="GET")  # all it asks is makefile
            response.begin()
        except (http.client.HTTPException, TimeoutError) as error:
            connection.close()
            late = isinstance(error, TimeoutError)
            reason = f"no answer within {ANSWERING:g} s; is the camera well?" if late else meaning("", address)
            raise LostError(f"cannot be opened: {reason}") from error
        except OSError as error:
            connection.close()
            raise LostError(f"cannot be opened: {unreachable(error, address)}") from error
        except BaseException:
            connection.close()
            raise
        return response, wire


def redirected(address: StreamAddress, location: str) -> StreamAddress:
    """Returns where a server sends on to; with user and password only where they may be told there, too.

    Raises:
        LostError: Nowhere that HTTP reaches.
    """
    try:
        target = parse(urljoin(f"{address.scheme}://{_netloc(address)}{address.path}", location))
    except (UsageError, ValueError, KeyError) as error:
        raise LostError("cannot be opened: it redirects to what is no address") from error
    if target.scheme not in ("http", "https"):
        raise LostError(f"cannot be opened: it redirects to {target.scheme}:")
    same = (target.scheme, target.port) == (address.scheme, address.port) or target.scheme == "https"
    if target.host == address.host and same:
        return replace(target, user=address.user, password=address.password)
    return replace(target, user=None, password="")


def _netloc(address: StreamAddress) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    return host if address.port == PORTS[address.scheme] else f"{host}:{address.port}"
