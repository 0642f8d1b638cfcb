"""Keeps a source going whose other end comes and goes: a camera that is unplugged, rebooted, or out of the network."""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame, Notice
from edge_runtime.sources.backoff import FOREVER, Backoff, Restarts

TICK = 0.1  # seconds between two looks at `stop` while something is waited for
STALE = 2.0  # seconds without a frame after which a camera that is connected is stale; bad radio pauses for 1 to 3
SILENCE = 5.0  # seconds without a frame after which it counts as lost


class LostError(SourceError):
    """A camera cannot be reached or has gone; a new try may succeed. The text is the reason alone, without address."""


class Connection(Protocol):
    """One way to a camera, which may be gone any number of times.

    Attributes:
        address: How the user named it, without credentials.
    """

    address: str

    def check(self) -> None:
        """Makes sure that what is needed here is installed; raises SourceError, for good."""

    def frames(self, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        """Connects and yields frames, numbered from 0, until `stop` is set; closing it hangs up.

        Raises:
            LostError: The camera cannot be reached, has ended, or is silent.
            SourceError: No new try will help.
        """


class Quiet:
    """Tells how long a camera has been silent; time is an argument.

    Args:
        begun: When it was turned to.
        opening: Seconds within which the first frame must come.
        stale: Seconds of silence, later, after which it is said to be stale.
        lost: Seconds of silence after which it counts as lost.
    """

    def __init__(self, begun: float, opening: float, stale: float = STALE, lost: float = SILENCE) -> None:
        self._since = begun
        self._opening = opening
        self._stale = stale
        self._lost = lost
        self._heard = self._told = False

    def heard(self, at: float) -> None:
        """A frame came."""
        self._since, self._heard, self._told = at, True, False

    def look(self, at: float) -> Notice | None:
        """Returns a notice when it has just become stale; raises LostError when it is lost."""
        silent, limit = at - self._since, self._lost if self._heard else self._opening
        if silent >= limit:
            raise LostError(f"gave no frame for {limit:g} s")
        if self._heard and not self._told and silent >= self._stale:
            self._told = True
            return Notice("stale", f"connected, but no frame for {self._stale:g} s")
        return None


class Following:
    """What sources have in common that follow a connection: it is hung up when they are left, however far it was read.

    Args:
        connection: What frames come by.
    """

    def __init__(self, connection: Connection) -> None:
        self.address = connection.address
        self.connection = connection
        self._running: Generator[Frame | Notice, None, None] | None = None

    def check(self) -> None:
        """Raises SourceError if what is needed here is not installed; the other end is not tried."""
        self.connection.check()

    def __enter__(self) -> Self:
        self.check()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running:
            self._running.close()

    def frames(self, stop: threading.Event) -> Iterator[Frame | Notice]:
        self._running = self._follow(stop)
        return self._running

    def _follow(self, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        raise NotImplementedError


class Reconnecting(Following):
    """A live source that tries again. What it cannot mend, such as a package that is missing, ends it.

    Frames are numbered through, whichever connection they came by; a gap tells frames that nobody took in time.

    Args:
        connection: The way to the camera.
        policy: When it is tried again, and how often.
        clock: Seconds of the clock that is never set.
        chance: From 0 up to 1.
    """

    live = True

    def __init__(
        self,
        connection: Connection,
        policy: Backoff = FOREVER,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(connection)
        self._policy = policy
        self._clock = clock
        self._chance = chance

    def _follow(self, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        restarts, policy = Restarts(self._policy), self._policy
        number = 0
        while not stop.is_set():
            base, begun = number, None
            try:
                with contextlib.closing(self.connection.frames(stop)) as items:
                    for item in items:
                        if isinstance(item, Notice):
                            yield item
                            continue
                        begun = self._clock() if begun is None else begun
                        number = base + item.number + 1
                        yield replace(item, source=self.address, number=number - 1)
                return
            except LostError as lost:
                if stop.is_set():
                    return
                now = self._clock()
                pause = restarts.failed(now, 0.0 if begun is None else now - begun, self._chance())
                if pause is None:
                    raise SourceError(
                        f"{self.address}: {lost}; given up after {policy.budget} new tries within {policy.window:g} s"
                    ) from lost
                yield Notice("lost", str(lost))
            stop.wait(pause)
