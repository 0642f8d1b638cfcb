"""A line on standard error that changes while something is at work."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TextIO, TypeVar

T = TypeVar("T")

TERMINAL_INTERVAL = 0.1  # seconds between two redraws of the one line
LOG_INTERVAL = 10.0  # seconds between two lines in a file or a pipe
CLEAR = "\r\x1b[K"  # back to the start and clear, so that what comes next has the line to itself


class Progress:
    """A context in which a line is shown: on a terminal it is drawn over, elsewhere one appears now and then.

    Args:
        stream: Where; standard error if None.
        now: A clock in seconds.
        quiet: Seconds between two lines in a file or a pipe, so that a log stays short.
    """

    def __init__(
        self, stream: TextIO | None = None, now: Callable[[], float] = time.monotonic, quiet: float = LOG_INTERVAL
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._now = now
        self._terminal = self._stream.isatty()
        self._interval = TERMINAL_INTERVAL if self._terminal else quiet
        self._shown, self._drawn = now(), False

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._terminal and self._drawn:
            self._stream.write(CLEAR)
            self._stream.flush()

    def show(self, what: str) -> None:
        """Shows `what`, unless something was shown a moment ago."""
        if self._now() - self._shown < self._interval:
            return
        self._shown, self._drawn = self._now(), True
        self._stream.write(f"{CLEAR}{what}" if self._terminal else f"{what}\n")
        self._stream.flush()


def counted(
    items: Iterable[T],
    total: int,
    what: str,
    *,
    stream: TextIO | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[T]:
    """Yields `items` and says how many of `total` have gone by."""
    with Progress(stream, now) as progress:
        for done, item in enumerate(items, 1):
            yield item
            progress.show(f"{what}: {done:,} of {total:,}")
