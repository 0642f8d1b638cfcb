"""Connections that hear a stop: every wait, for a name, a host, TLS or bytes, is cut into moments of `TICK`.

Looking up a name cannot be told to end: a thread does it, and is left behind when nobody waits for it any more.
"""

import io
import os
import select
import socket
import threading
import time
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Self

from edge_runtime.sources.address import StreamAddress
from edge_runtime.sources.reach import unreachable
from edge_runtime.sources.reconnect import TICK, LostError

CONNECTING = 5.0  # seconds for each of: the name, the connection, TLS


class Stopped(Exception):
    """`stop` was set while something was waited for."""


@dataclass(frozen=True)
class Wait:
    """How long something may take, and what ends it before."""

    stop: threading.Event
    deadline: float  # of time.monotonic

    @classmethod
    def of(cls, stop: threading.Event, seconds: float) -> Self:
        return cls(stop, time.monotonic() + seconds)

    def check(self) -> None:
        """Raises Stopped, or TimeoutError."""
        if self.stop.is_set():
            raise Stopped
        if time.monotonic() >= self.deadline:
            raise TimeoutError


class Wire(io.RawIOBase):
    """A connection's bytes.

    Args:
        connection: With a time-out of `TICK`.
        wait: How long a read may take, until the next one is set.
    """

    def __init__(self, connection: socket.socket, wait: Wait) -> None:
        self.wait = wait
        self.looking = False  # a read that finds nothing within TICK gives up
        self.ended = False
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        while True:
            try:
                count = self._connection.recv_into(buffer)
            except TimeoutError:
                if self.looking:
                    return None
                self.wait.check()
            else:
                self.ended = not count
                return count

    def makefile(self, mode: str) -> io.BufferedReader:
        """What `http.client.HTTPResponse` asks a socket for."""
        return io.BufferedReader(self, 1 << 16)

    def close(self) -> None:
        if not self.closed:
            self._connection.close()
        super().close()


def connected(address: StreamAddress, stop: threading.Event) -> socket.socket:
    """Returns a connection to the host, with a time-out of `TICK`. Raises LostError, Stopped."""
    try:
        failed: OSError = socket.gaierror()
        for family, kind, protocol, _, where in _resolved(address.host, address.port, Wait.of(stop, CONNECTING)):
            connection = socket.socket(family, kind, protocol)
            try:
                _connect(connection, where, Wait.of(stop, CONNECTING))
            except OSError as error:
                connection.close()
                failed = error
                continue
            except BaseException:
                connection.close()
                raise
            return connection
        raise failed
    except OSError as error:
        raise LostError(f"cannot be opened: {unreachable(error, address)}") from error


def _resolved(host: str, port: int, wait: Wait) -> list[Any]:
    try:
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    except socket.gaierror:
        pass
    answers: SimpleQueue[list[Any] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:  # UnicodeError: a label of more than 63 letters
            answers.put(error if isinstance(error, OSError) else socket.gaierror())

    threading.Thread(target=look_up, name=f"look up {host}", daemon=True).start()
    while True:
        try:
            answer = answers.get(timeout=TICK)
        except Empty:
            wait.check()
            continue
        if isinstance(answer, OSError):
            raise answer
        return answer


def _connect(connection: socket.socket, where: Any, wait: Wait) -> None:
    connection.setblocking(False)
    connection.connect_ex(where)
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    while not poll.poll(TICK * 1000):
        wait.check()
    if code := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(code, os.strerror(code))
    connection.settimeout(TICK)


def secured(connection: socket.socket, address: StreamAddress, verify: bool, wait: Wait) -> socket.socket:
    """Returns the connection, encrypted. Raises LostError for a certificate that is not trusted here."""
    import ssl  # 10 ms that no start shall pay

    context = ssl.create_default_context()
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    secure = context.wrap_socket(connection, server_hostname=address.host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                secure.do_handshake()
                return secure
            except TimeoutError:
                wait.check()
    except BaseException as error:
        secure.close()
        if isinstance(error, ssl.SSLCertVerificationError):
            raise LostError(
                f"cannot be opened: its certificate is not trusted here ({error.verify_message}); cameras sign their "
                "own: add #verify=no to the address to trust whoever answers there"
            ) from error
        raise
