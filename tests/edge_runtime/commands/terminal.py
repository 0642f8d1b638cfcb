"""A program on a terminal of its own, as a person has it: what is typed goes in, what is shown comes out."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from tests.edge_runtime.samples import DEADLINE
from tests.support import ROOT


class Terminal:
    """Starts a command on a new terminal, which controls it; leaving ends what still runs.

    Args:
        command: The program and its arguments.
        output: Whether its standard output is that terminal too; else it is a pipe, `process.stdout`.

    Attributes:
        shown: All that was shown so far.
    """

    def __init__(self, command: Sequence[str], output: bool = True) -> None:
        self.shown = ""
        self._ours, self._theirs = pty.openpty()
        self.before = self.state
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=self._theirs,
            stdout=self._theirs if output else subprocess.PIPE,
            stderr=self._theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  a system call, nothing else
            env={**os.environ, "PS1": "ready$ ", "TERM": "xterm"},
        )

    @property
    def state(self) -> list[Any]:
        """How the terminal is set."""
        return termios.tcgetattr(self._theirs)

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def wait(self, text: str) -> str:
        """Returns what was shown since the last wait, up to a text; fails when that never comes."""
        end, seen = time.monotonic() + DEADLINE, ""
        while text not in seen:
            assert select.select([self._ours], [], [], max(0, end - time.monotonic()))[0], (
                f"never: {text}: {self.shown}"
            )
            part = os.read(self._ours, 1).decode(errors="replace")
            seen += part
            self.shown += part
        return seen

    def ended(self) -> int:
        """Waits for the program's end and returns its exit code; what it has shown by then is in `shown`."""
        code = self.process.wait(DEADLINE)
        while select.select([self._ours], [], [], 0)[0]:
            self.shown += os.read(self._ours, 4096).decode(errors="replace")
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        os.close(self._ours)
        os.close(self._theirs)
