import socket
import threading
import time
from collections.abc import Iterator

import pytest

from edge_runtime.sources.hangup import hang_up, hung_up_on, peers_of

Peer = tuple[str, int]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def peer(listener: socket.socket) -> frozenset[Peer]:
    return frozenset([listener.getsockname()])


def test_a_connection_to_the_peer_ends_for_whoever_reads_from_it(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as connection:
        connection.settimeout(10)
        assert hang_up(peer(listener)) == 1
        assert connection.recv(1) == b""


def test_all_other_connections_are_left_alone(listener: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, socket.create_connection(other.getsockname()) as connection:
        accepted, _ = other.accept()
        with accepted:
            assert hang_up(peer(listener)) == 0
            accepted.sendall(b"x")
            assert connection.recv(1) == b"x"


def test_only_the_asking_side_is_hung_up(listener: socket.socket) -> None:
    # The server's end of the same connection, if it is in this process, has another peer.
    with socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert hang_up(peer(listener)) == 1


def test_a_read_ends_soon_after_stop(listener: socket.socket) -> None:
    stop = threading.Event()
    with (
        socket.create_connection(listener.getsockname()) as connection,
        hung_up_on(stop, peer(listener)),
    ):
        connection.settimeout(10)
        threading.Timer(0.2, stop.set).start()
        start = time.monotonic()
        assert connection.recv(1) == b""
        assert time.monotonic() - start < 5


def test_without_a_stop_nothing_is_hung_up_and_no_thread_stays(listener: socket.socket) -> None:
    before = threading.active_count()
    with socket.create_connection(listener.getsockname()) as connection:
        with hung_up_on(threading.Event(), peer(listener)):
            pass
        accepted, _ = listener.accept()
        with accepted:
            accepted.sendall(b"x")
            assert connection.recv(1) == b"x"
    assert threading.active_count() == before


def test_a_name_stands_for_its_addresses() -> None:
    assert ("127.0.0.1", 8554) in peers_of("localhost", 8554)
    assert peers_of("127.0.0.1", 554) == {("127.0.0.1", 554)}
    assert peers_of("no-such-host.invalid", 554) == frozenset()
