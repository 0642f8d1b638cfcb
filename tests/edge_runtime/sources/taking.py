"""How tests take from a source: so many items, or what a background thread has seen by now."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_runtime.sources import Frame, Notice, Source
from tests.edge_runtime.samples import DEADLINE, eventually

SOON = 3.0  # seconds; a source promises one and takes 0.1, but a loaded machine is no failure


def some(source: Source, count: int) -> list[Frame]:
    """Returns the first frames of a source."""
    with Taker(source) as taker:
        return taker.frames(count)[:count]


def all_of(source: Source) -> list[Frame]:
    """Returns the frames of a source that ends by itself."""
    with source:
        return [item for item in source.frames(threading.Event()) if isinstance(item, Frame)]


def command_lines() -> dict[int, bytes]:
    """Returns what anybody on this machine can read of the processes that this one has started, by number."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"PPid:\t{os.getpid()}\n" in (process / "status").read_text():
                found[int(process.name)] = (process / "cmdline").read_bytes()
        except OSError:  # it has ended since it was listed
            continue
    return found


class Taker:
    """Takes all that a source gives, in a thread, while the block runs; leaving it stops the source.

    Attributes:
        items: What came, in order.
        failure: What ended it.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.items: list[Frame | Notice] = []
        self.failure: BaseException | None = None
        self.stop = threading.Event()
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        self.source.__enter__()
        self._running = self._pool.submit(self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self._running.result(DEADLINE)
        self.source.__exit__(None, None, None)
        self._pool.shutdown()

    def _take(self) -> None:
        try:
            for item in self.source.frames(self.stop):
                self.items.append(item)
        except BaseException as error:  # noqa: BLE001  the test looks at it
            self.failure = error

    def ended(self) -> BaseException | None:
        """Waits until the source has ended by itself; returns why."""
        self._running.result(DEADLINE)
        return self.failure

    def until(self, condition: Callable[[], object], what: str) -> None:
        eventually(lambda: condition() or self._running.done(), what)
        assert condition(), f"ended before {what}: {self.failure!r}, {self.notices}"

    def frames(self, count: int) -> list[Frame]:
        """Returns all frames as soon as there are so many."""
        self.until(lambda: len(self._frames()) >= count, f"{count} frames")
        return self._frames()

    def notice(self, state: str, count: int = 1) -> Notice:
        """Returns the notice of a state, the last of so many, as soon as it is there."""
        self.until(lambda: self._noticed(state)[count - 1 :], f"{count} times {state}")
        return self._noticed(state)[count - 1]

    @property
    def notices(self) -> list[Notice]:
        return [item for item in list(self.items) if isinstance(item, Notice)]

    def _frames(self) -> list[Frame]:
        return [item for item in list(self.items) if isinstance(item, Frame)]

    def _noticed(self, state: str) -> list[Notice]:
        return [notice for notice in self.notices if notice.state == state]
