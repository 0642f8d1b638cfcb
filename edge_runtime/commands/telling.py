"""What a person is told while something goes on: sentences, and one line that changes on a terminal."""

import os
import sys
import time

from edge_runtime.console import say

LINE = 0.25  # seconds between two states of the line on a terminal
EVERY = 60.0  # seconds between two lines in a log


class Teller:
    """Tells a person: sentences, and how it stands, on one line that changes where there is a terminal.

    Args:
        terminal: Whether there is.
        pause: Seconds between two states of that line; by default 0.25, and 60 in a log.
    """

    def __init__(self, terminal: bool, pause: float | None = None) -> None:
        self._terminal = terminal
        self._pause = pause if pause is not None else (LINE if terminal else EVERY)
        self._shown = ""
        self._at = time.monotonic()

    def say(self, text: str) -> None:
        self.end()
        say(f"edge-runtime: {text}")

    def show(self, line: str) -> None:
        """Shows how it stands, where that has changed and it is time."""
        if line == self._shown or time.monotonic() - self._at < self._pause:
            return
        if self._terminal:
            print(f"\r\x1b[K{line[: columns() - 1]}", end="", file=sys.stderr, flush=True)
        else:
            say(f"edge-runtime: {line}")
        self._at, self._shown = time.monotonic(), line

    def end(self) -> None:
        """What comes now begins a line of its own."""
        if self._terminal and self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = ""


def columns() -> int:
    """Returns how wide the terminal behind standard error is; 80 where it does not say."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
