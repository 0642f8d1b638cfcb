"""What is told of an export while it lasts: a line for each answer; on a terminal also what is under way."""

import sys
import time
from collections.abc import Callable, Hashable

from edge_runtime.console import say
from export.crew import Watch

EVERY = 60.0  # seconds of silence in a log, after which what is under way is told
ROOM = 110  # columns of the changing line; a longer one would wrap, and could not be taken back


class Progress(Watch):
    """Knows what is under way. Tasks are named by a verb and what it is done to, as ``("proving", "int8.onnx")``.

    Args:
        terminal: Whether a line can be written anew.
        clock: Seconds of the clock that is never set.
    """

    def __init__(self, terminal: bool | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._terminal = bool(sys.stderr and sys.stderr.isatty()) if terminal is None else terminal
        self._clock = clock
        self._last = clock()
        self._under_way: dict[Hashable, tuple[float, float | None]] = {}
        self._reasons: dict[str, str] = {}  # why a recipe was left out, and which was the first

    def begun(self, name: Hashable) -> None:
        self._under_way[name] = (self._clock(), None)
        self._show()

    def advanced(self, name: Hashable, done: float) -> None:
        self._under_way[name] = (self._under_way[name][0], done)
        self._show()

    def ended(self, name: Hashable) -> None:
        self._under_way.pop(name, None)
        self._show()

    def say(self, line: str) -> None:
        """Prints a line that stays."""
        self.clear()
        say(line)
        self._last = self._clock()
        self._show()

    def left_out(self, name: str, reason: str) -> None:
        """Prints why a recipe was left out; where the same was said of another one, that it is the same."""
        first = self._reasons.setdefault(reason, name)
        self.say(f"{name}: LEFT OUT: {reason if first == name else f'as {first}, for the same reason'}")

    def clear(self) -> None:
        """Takes the changing line back."""
        if self._terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    def _show(self) -> None:
        if self._terminal:
            print(f"\r\x1b[K{self._line()[:ROOM]}", end="", file=sys.stderr, flush=True)
        elif self._clock() - self._last >= EVERY:
            self._last = self._clock()
            say(self._line())

    def _line(self) -> str:
        parts = []
        for name, (began, done) in self._under_way.items():
            words = " ".join(str(part) for part in name) if isinstance(name, tuple) else str(name)
            seconds = self._clock() - began
            parts.append(f"{words} {f'{done:.0%}' if done is not None else f'{seconds:.0f} s'}")
        return " · ".join(parts)
