"""Where the hosts of one training meet before the framework joins them: at host 0's address, over a plain TCP socket.

JAX's own joining is no place to make mistakes: jaxlib 0.10 aborts the process (SIGABRT) where the coordinator cannot
be reached, and dies (SIGSEGV) where its port is taken. Here whoever comes says which host it is and what it was told to
do; host 0 answers when everybody is there and all were told the same.

There is no authentication, here or in JAX: for a network whose machines trust each other.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from typing import Any

from edge_runtime.errors import EdgeError
from train.distributed.hosts import Hosts

MEETING_TIMEOUT = 300.0  # seconds; a cluster may have to start a machine first
SPEAKING_TIMEOUT = 5.0  # seconds that whoever connects has for a line; others wait meanwhile
RETRY = 0.5  # seconds between two attempts to reach host 0
LONGEST_LINE = 65536  # bytes

Terms = Mapping[str, str | int | float | bool]


def meet(
    hosts: Hosts, terms: Terms, *, timeout: float = MEETING_TIMEOUT, now: Callable[[], float] = time.monotonic
) -> None:
    """Returns when every host has come and all have the same `terms`; at once when there is one host.

    Args:
        hosts: All hosts, and which one this is.
        terms: What must be the same everywhere, by name.
        timeout: Seconds to wait for the others.
        now: A clock in seconds.

    Raises:
        EdgeError: Host 0 cannot be reached or cannot listen, somebody did not come, or the terms differ.
    """
    if hosts.several and hosts.first:
        _receive(hosts, terms, timeout, now)
    elif hosts.several:
        _visit(hosts, terms, timeout, now)


def _receive(hosts: Hosts, terms: Terms, timeout: float, now: Callable[[], float]) -> None:
    deadline = now() + timeout
    with ExitStack() as closing:
        server = closing.enter_context(_listening(hosts))
        guests: dict[int, socket.socket] = {}
        refusal = ""
        while not refusal and len(guests) < hosts.count - 1:
            server.settimeout(max(0.001, deadline - now()))
            try:
                guest, _ = server.accept()
            except TimeoutError as error:
                absent = [str(index) for index in range(1, hosts.count) if index not in guests]
                refusal = (
                    f"{hosts}: waited {timeout:.0f} s at {hosts.coordinator} for host {', '.join(absent)}; "
                    "start the same command there, with another --host"
                )
                _answer(guests.values(), refusal)
                raise EdgeError(refusal) from error
            said = _heard(closing.enter_context(guest))
            index = said.get("host")
            if not isinstance(index, int) or not isinstance(said.get("terms"), dict):
                guest.close()  # something else that looks for open ports
                continue
            if previous := guests.pop(index, None):
                _answer([previous], f"host {index}: another process came with the same --host {index}")
            guests[index] = guest
            refusal = _difference(index, {"--hosts": said.get("hosts"), **said["terms"]}, hosts, terms)
        _answer(guests.values(), refusal)
        for guest in guests.values():
            _heard(guest)  # its end: whoever closes first keeps the port occupied, and JAX listens on it next
    if refusal:
        raise EdgeError(refusal)


def _listening(hosts: Hosts) -> socket.socket:
    try:
        if socket.has_dualstack_ipv6():
            return socket.create_server(("", hosts.address[1]), family=socket.AF_INET6, dualstack_ipv6=True)
        return socket.create_server(("", hosts.address[1]))
    except OSError as error:
        raise EdgeError(
            f"--coordinator {hosts.coordinator}: host 0 cannot listen on port {hosts.address[1]} here: "
            f"{error.strerror or error}; choose another port, the same for every host"
        ) from error


def _difference(index: int, said: dict[str, Any], hosts: Hosts, terms: Terms) -> str:
    """Returns why host `index` cannot take part, or nothing."""
    if not 0 < index < hosts.count:
        return f"a process came as host {index} of {said['--hosts']}, and this is {hosts}"
    for name, value in {"--hosts": hosts.count, **terms}.items():
        if said.get(name) != value:
            return (
                f"host {index} has {name} = {said.get(name)!r}, host 0 {value!r}: "
                "start the same command on every host in the same environment with the same files: --host alone differs"
            )
    return ""


def _visit(hosts: Hosts, terms: Terms, timeout: float, now: Callable[[], float]) -> None:
    deadline = now() + timeout
    pause = threading.Event()
    while True:
        reason = "it went away while the others were awaited"
        try:
            with socket.create_connection(hosts.address, timeout=SPEAKING_TIMEOUT) as connection:
                _send(connection, {"host": hosts.index, "hosts": hosts.count, "terms": dict(terms)})
                connection.settimeout(max(SPEAKING_TIMEOUT, deadline - now()))
                answer = _read(connection)
        except TimeoutError:
            answer, reason = {}, "it does not answer"
        except OSError as error:
            answer, reason = {}, error.strerror or str(error)
        if "refusal" in answer:
            if answer["refusal"]:
                raise EdgeError(str(answer["refusal"]))
            return
        if now() >= deadline:
            raise EdgeError(
                f"{hosts}: host 0 cannot be reached at {hosts.coordinator} for {timeout:.0f} s: {reason}; "
                "start the same command there with --host 0, and see that this machine may connect to that port"
            )
        pause.wait(RETRY)


def _answer(guests: Iterable[socket.socket], refusal: str) -> None:
    for guest in guests:
        with suppress(OSError):  # it has gone; JAX' joining notices who is missing
            _send(guest, {"refusal": refusal})


def _heard(guest: socket.socket) -> dict[str, Any]:
    """Returns what a visitor says, or nothing when it says nothing in time or something else than a message."""
    guest.settimeout(SPEAKING_TIMEOUT)
    try:
        return _read(guest)
    except OSError:
        return {}


def _send(connection: socket.socket, message: Mapping[str, Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _read(connection: socket.socket) -> dict[str, Any]:
    """Returns the message in the next line, or nothing where the other side leaves or says something else."""
    line = b""
    while not line.endswith(b"\n") and len(line) < LONGEST_LINE:
        received = connection.recv(LONGEST_LINE)
        if not received:
            return {}
        line += received
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
