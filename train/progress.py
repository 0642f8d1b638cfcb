"""A counter on standard error for work that takes a while."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")

TERMINAL_INTERVAL = 0.1  # seconds between two redraws of the one line
LOG_INTERVAL = 10.0  # seconds between two lines in a file or a pipe


def counted(
    items: Iterable[T],
    total: int,
    what: str,
    *,
    stream: TextIO | None = None,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[T]:
    """Yields `items` and says how many of `total` have gone by.

    On a terminal one line counts up; elsewhere a line appears every ten seconds, so a log stays short.
    """
    stream = sys.stderr if stream is None else stream
    terminal = stream.isatty()
    interval = TERMINAL_INTERVAL if terminal else LOG_INTERVAL
    shown, done, drawn = now(), 0, False
    try:
        for item in items:
            yield item
            done += 1
            if now() - shown >= interval:
                shown, drawn = now(), True
                stream.write(f"\r{what}: {done:,} of {total:,}" if terminal else f"{what}: {done:,} of {total:,}\n")
                stream.flush()
    finally:
        if terminal and drawn:
            stream.write("\r\x1b[K")  # back to the start and clear, so that what comes next has the line to itself
            stream.flush()
