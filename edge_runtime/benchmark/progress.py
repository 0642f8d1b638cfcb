"""What is told of a benchmark while it lasts: one line that changes on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Callable, Sequence

from edge_runtime.benchmark.figures import Taken, enough
from edge_runtime.commands.table import span
from edge_runtime.console import say

EVERY = 60.0  # seconds between two lines in a log: whoever follows it sees that something goes on


class Progress:
    """Told after each turn; shares what it says with whoever watches standard error.

    Args:
        before: Cases that were measured before these.
        cases: All that are to be measured.
        queries: Of each case at least.
        seconds: For each case at least.
        pipelined: Seconds for the throughput of each, which follows.
        terminal: Whether a line can be written anew.
        clock: Seconds of the clock that is never set.
    """

    def __init__(
        self,
        before: int,
        cases: int,
        queries: int,
        seconds: float,
        pipelined: float,
        terminal: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._before, self._cases = before, cases
        self._queries, self._seconds = queries, seconds
        self._pipelined = pipelined
        self._terminal = bool(sys.stderr and sys.stderr.isatty()) if terminal is None else terminal
        self._clock = clock
        self._last = clock()
        self._started: set[int] = set()
        self._done: set[int] = set()

    def __call__(self, taken: Sequence[Taken]) -> None:
        done = {number for number, one in enumerate(taken) if enough(one, self._queries, self._seconds)}
        if self._terminal:
            piped = not self._pipelined or all(one.failure or one.throughput is not None for one in taken)
            last = len(done) == len(taken) and piped and self._before + len(taken) == self._cases
            print(f"\r\x1b[K{self._line(taken, len(done))}", end="\n" * last, file=sys.stderr, flush=True)
            return
        for number, one in enumerate(taken):
            if one.start and number not in self._started:
                self._started.add(number)
                self._say(f"{one.case.name}: loaded in {one.start.load * 1e3:.0f} ms")
        for number in sorted(done - self._done):
            one = taken[number]
            said = one.failure or f"{one.queries:,} queries, median {one.spread('total').p50 * 1e3:.2f} ms"
            self._say(f"{one.case.name}: {'not measured: ' if one.failure else ''}{said}")
        measured = [one for one in taken if not one.failure]
        if len(done) == len(taken) > len(self._done) and measured and self._pipelined:
            self._say(f"now decoding beside the interpreter, {span(len(measured) * self._pipelined)}")
        self._done = done
        if self._clock() - self._last >= EVERY:
            self._say(self._line(taken, len(done)))

    def _say(self, line: str) -> None:
        self._last = self._clock()
        say(f"edge-runtime: {line}")

    def _line(self, taken: Sequence[Taken], done: int) -> str:
        queries = sum(one.queries for one in taken)
        left = sum(self._seconds - min(one.seconds, self._seconds) for one in taken if not one.failure)
        left += self._pipelined * sum(one.throughput is None for one in taken if not one.failure)
        left += (self._seconds + self._pipelined) * (self._cases - self._before - len(taken))
        return f"{self._before + done} of {self._cases} measured, {queries:,} queries, about {span(left)} left"


def announced(cases: int, queries: int, seconds: float, pipelined: float) -> str:
    """Returns what is to come: how many cases, and how long they take at least."""
    each = f"{queries:,} queries and {span(seconds)}" if seconds else f"{queries:,} queries"
    total = f", together {span(cases * (seconds + pipelined))} or more" if seconds else ""
    return f"measuring {cases} case{'s' * (cases > 1)} in turns, {each} of each at least{total}"
