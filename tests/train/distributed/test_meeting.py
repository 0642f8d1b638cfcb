import socket
import threading
import time
from collections.abc import Callable

import pytest

from edge_runtime.errors import EdgeError
from train.distributed.hosts import ALONE, Hosts
from train.distributed.meeting import Terms, meet

TERMS: Terms = {"epochs": 6, "learning_rate": 0.004, "device": "cpu"}


@pytest.fixture
def coordinator() -> str:
    with socket.create_server(("localhost", 0)) as server:
        return f"localhost:{server.getsockname()[1]}"


def together(*calls: Callable[[], None]) -> list[str]:
    """Makes the calls at the same time and returns what each had to say against it."""
    told = [""] * len(calls)

    def one(number: int) -> None:
        try:
            calls[number]()
        except EdgeError as error:
            told[number] = str(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def host(
    index: int, coordinator: str, *, count: int = 3, terms: Terms = TERMS, timeout: float = 20
) -> Callable[[], None]:
    return lambda: meet(Hosts(count, index, coordinator), terms, timeout=timeout)


def test_one_host_meets_nobody() -> None:
    meet(ALONE, TERMS, timeout=0)


def test_hosts_that_were_told_the_same_meet_in_any_order_again_and_again(coordinator: str) -> None:
    for order in ((0, 1, 2), (2, 1, 0)):
        assert together(*(host(index, coordinator) for index in order)) == ["", "", ""]


def test_hosts_that_were_told_otherwise_end_all_with_what_differs(coordinator: str) -> None:
    told = together(
        host(0, coordinator), host(1, coordinator, terms={**TERMS, "epochs": 7}), host(2, coordinator, timeout=2)
    )
    assert "host 1 has epochs = 7, host 0 6: start the same command" in told[0]
    assert told[1] == told[0]
    assert told[2], "it was refused too, or host 0 had gone by then"


def test_another_number_of_hosts_is_told(coordinator: str) -> None:
    told = together(host(0, coordinator, count=2), host(1, coordinator, count=3))
    assert "host 1 has --hosts = 3, host 0 2" in told[0] == told[1]
    told = together(host(0, coordinator, count=2), host(2, coordinator, count=3))
    assert "a process came as host 2 of 3, and this is host 0 of 2" in told[0] == told[1]


def test_two_processes_with_the_same_index_are_told_who_is_missing(coordinator: str) -> None:
    told = together(host(0, coordinator, timeout=2), host(1, coordinator), host(1, coordinator))
    assert "waited 2 s" in told[0]
    assert "for host 2; start the same command there" in told[0]
    assert sorted(told[1:]) == sorted([told[0], "host 1: another process came with the same --host 1"])


def test_a_coordinator_that_cannot_be_reached_is_named_in_time(coordinator: str) -> None:
    began = time.monotonic()
    for address, reason in ((coordinator, "refused"), ("no-such-host.invalid:29400", "")):
        with pytest.raises(EdgeError) as told:
            meet(Hosts(2, 1, address), TERMS, timeout=0.2)
        assert f"host 1 of 2: host 0 cannot be reached at {address} for 0 s" in str(told.value)
        assert reason in str(told.value)
    assert time.monotonic() - began < 30, "a name server may take its time"


def test_a_host_0_that_went_away_is_awaited_again(coordinator: str) -> None:
    def gone_at_first() -> None:
        with socket.create_server(("localhost", int(coordinator.rpartition(":")[2]))) as server:
            server.accept()[0].close()
        host(0, coordinator, count=2)()

    assert together(gone_at_first, host(1, coordinator, count=2)) == ["", ""]


def test_a_port_that_is_taken_is_told_by_host_0(coordinator: str) -> None:
    port = int(coordinator.rpartition(":")[2])
    with socket.create_server(("", port)), pytest.raises(EdgeError, match=f"cannot listen on port {port} here: Addr"):
        host(0, coordinator)()


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\n", b"[1]\n", b'{"host": "1"}\n', b""])
def test_whoever_speaks_another_language_is_passed_over(coordinator: str, said: bytes) -> None:
    def stranger() -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("localhost", int(coordinator.rpartition(":")[2])), timeout=1) as one:
                    one.sendall(said)
                    one.shutdown(socket.SHUT_WR)
                    while one.recv(100):
                        pass
                    return
            except OSError:
                threading.Event().wait(0.01)

    def late() -> None:
        threading.Event().wait(0.3)
        host(1, coordinator, count=2)()

    assert together(host(0, coordinator, count=2), stranger, late) == ["", "", ""]
