import socket
import threading
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from edge_runtime.errors import SinkError
from edge_runtime.http.settings import Settings
from edge_runtime.http.sink import HttpSink
from edge_runtime.result import SourceChange
from edge_runtime.status import Board
from tests.edge_runtime.http.serving import DOOR, MODEL, PLENTY, Served, judged, serving
from tests.edge_runtime.samples import DEADLINE, IDENTITY, eventually, in_a_process


def connected(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", served.port), timeout=DEADLINE)


def is_cut(connection: socket.socket) -> bool:
    """Whether the server hangs up; waits for it."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def test_it_listens_while_it_is_entered_and_not_any_longer() -> None:
    with serving() as served:
        assert served.ask("/v2/health/live").status == 200
        port = served.port
        assert port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
    assert not any(thread.name.startswith("http") for thread in threading.enumerate())


def test_a_port_that_is_taken_is_an_error_that_says_what_to_do() -> None:
    told = "Address already in use; end what listens there, or name another port"
    with serving() as served, pytest.raises(SinkError, match=told), serving(Settings(port=served.port)):
        pass


@pytest.mark.parametrize(
    ("host", "told"), [("192.0.2.1", "not an address of this machine"), ("no.such.name.invalid", "cannot listen")]
)
def test_an_address_that_cannot_be_listened_on_is_an_error_that_says_why(host: str, told: str) -> None:
    with pytest.raises(SinkError, match=told), serving(Settings(host=host, port=0)):
        pass


def test_it_ends_although_clients_hang_on_it() -> None:
    with serving() as served:
        idle, half, asking, reading = (connected(served) for _ in range(4))
        half.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        asking.sendall(b"POST /v2/models/lamp/infer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99\r\n\r\n{")
        reading.sendall(b"GET /page/page.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 2000)
        assert served.ask("/v2/health/live").status == 200
    for connection in (idle, half, asking, reading):
        with closing(connection):
            assert is_cut(connection)
    assert not any(thread.name == "http" and thread.is_alive() for thread in threading.enumerate())


def test_a_client_that_never_finishes_its_headers_is_cut() -> None:
    with (
        serving(header_seconds=0.2) as served,
        closing(connected(served)) as silent,
        closing(connected(served)) as slow,
    ):
        slow.sendall(b"GET / HTTP/1.1\r\n")
        assert is_cut(silent)
        assert is_cut(slow)


def test_a_client_that_never_finishes_the_headers_of_its_second_request_is_cut() -> None:
    with serving(header_seconds=0.2) as served, closing(connected(served)) as connection:
        connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET /")
        assert is_cut(connection)


def test_a_client_that_never_finishes_its_body_is_told_so_and_cut() -> None:
    with serving(request_seconds=0.2) as served, closing(connected(served)) as slow:
        slow.sendall(b"POST /v2/models/lamp/infer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n{")
        assert slow.recv(4096).startswith(b"HTTP/1.1 408 ")
        assert is_cut(slow)


def test_an_answer_does_not_wait_for_its_own_first_half_to_be_acknowledged() -> None:
    with serving() as served, closing(connected(served)) as connection:
        connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert served.sink._server is not None
        (open_one,) = served.sink._server._connections
        taken = open_one.transport.get_extra_info("socket")
        assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_more_connections_than_allowed_are_not_kept() -> None:
    with serving(connections=2) as served, closing(connected(served)) as first, closing(connected(served)) as second:
        for connection in (first, second):
            connection.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        with closing(connected(served)) as third:
            assert is_cut(third)
        first.close()
        eventually(lambda: _answers(served), "a place that was left is given to another")


def _answers(served: Served) -> bool:
    try:
        return served.ask("/v2/health/live").status == 200
    except OSError:
        return False


@pytest.mark.parametrize(
    "sent", [b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9\r\n\r\n", b"G" * 100_000, b"\r\n\r\n\x00", b"GET  /\r\n\r\n"]
)
def test_what_is_not_http_is_refused(sent: bytes) -> None:
    with serving() as served, closing(connected(served)) as connection:
        connection.sendall(sent)
        answer = connection.recv(65536)
        assert not answer or answer.startswith(b"HTTP/1.1 400 ")
        assert served.ask("/v2/health/live").status == 200


def test_a_server_that_has_ended_is_not_passed_over_in_silence() -> None:
    with serving() as served:
        served.sink.__exit__(None, None, None)
        with pytest.raises(SinkError, match="the server has ended"):
            served.sink.take(SourceChange(DOOR, 0.0, "live"), None)


def test_the_signals_stay_those_of_the_program() -> None:
    code = """
import signal
before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
from tests.edge_runtime.http.serving import serving
with serving() as served:
    assert served.ask("/v2/health/live").status == 200
    assert {number: signal.getsignal(number) for number in before} == before
print("same")
"""
    done = in_a_process(code)
    assert done.stdout == "same\n", done.stderr


def test_no_web_framework_is_imported_before_it_is_entered() -> None:
    code = """
import sys
from edge_runtime.http.settings import Settings
from edge_runtime.http.sink import HttpSink
HttpSink(Settings(), status=None, model=None, judge=None)
print([name for name in ("starlette", "uvicorn", "prometheus_client", "asyncio") if name in sys.modules])
"""
    assert in_a_process(code).stdout == "[]\n"


def test_it_listens_on_ipv6_too() -> None:
    sink = HttpSink(
        Settings(host="::1", port=0, limits=PLENTY),
        status=Board(IDENTITY, []).snapshot,
        model=lambda: MODEL,
        judge=judged,
    )
    with sink:
        place = urlsplit(sink.address)
        with socket.create_connection((str(place.hostname), place.port or 0), timeout=DEADLINE) as connection:
            connection.sendall(f"GET /v2 HTTP/1.1\r\nHost: [::1]:{place.port}\r\nConnection: close\r\n\r\n".encode())
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
