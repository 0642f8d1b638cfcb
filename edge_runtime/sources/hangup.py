"""Ends network reads of a library that has no way to be told.

OpenCV's `read` on a stream returns with a frame or after its time-out, and after a time-out the stream is lost. So the
time-out has to be long enough for a network's bad moments, and a stop must not wait for it: hanging up the connection
ends the read at once.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator

TICK = 0.1  # seconds between two looks at `stop`

Peer = tuple[str, int]


@contextlib.contextmanager
def hung_up_on(stop: threading.Event, peers: frozenset[Peer]) -> Iterator[None]:
    """While the block runs, hangs up this process' connections to `peers` as soon as `stop` is set."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(TICK):
            if stop.is_set():  # again and again: the block may be about to connect
                hang_up(peers)

    watcher = threading.Thread(target=watch, name="hang up", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def hang_up(peers: frozenset[Peer]) -> int:
    """Shuts down every TCP connection of this process to one of `peers` and returns how many there were.

    Whoever reads from one sees its end; nothing is closed. Where there is no /proc, nothing happens.
    """
    count = 0
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):  # closed since it was listed, or not connected
                if not os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                    continue
                # A copy: the number may belong to something else by now, and then its peer is another.
                with socket.socket(fileno=os.dup(int(name))) as copy:
                    if copy.getpeername()[:2] in peers:
                        copy.shutdown(socket.SHUT_RDWR)
                        count += 1
    return count


def peers_of(host: str, port: int) -> frozenset[Peer]:
    """Returns the addresses that a name stands for; none where it cannot be resolved."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return frozenset()
    return frozenset((str(where[0]), port) for *_, where in found)
