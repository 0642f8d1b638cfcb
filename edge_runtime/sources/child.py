"""A program of its own that gives pictures: read with an eye on the clock, and killed when it is not wanted any more.

What can hang inside a driver or library hangs there, and SIGKILL ends it. No thread is needed: whoever reads waits on
the pipe, a moment at a time.
"""

import contextlib
import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from edge_runtime.sources.reconnect import LostError

CHUNK = 1 << 20  # bytes of a read; Linux' pipes hold 65,536 and may be made to hold this
DYING = 1.0  # seconds that a killed process gets to be gone; one that a driver holds in the kernel is left behind


class Child:
    """Runs while the block does.

    Args:
        command: Program and arguments. Anybody on the machine can read them: nothing secret belongs there.
        inherited: File descriptors that it shall have.
        environment: Its environment; None for this process' own.
    """

    def __init__(
        self, command: Sequence[str], inherited: Sequence[int] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        self._command = command
        self._inherited = inherited
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # OpenCV's and FFmpeg's messages show addresses with their passwords
                bufsize=0,
                pass_fds=self._inherited,
                env=self._environment,
                start_new_session=True,  # Ctrl-C in a terminal is for the parent, who then ends it
            )
        except OSError as error:
            raise LostError(f"{self._command[0]} cannot be started: {error.strerror}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        assert process
        assert process.stdin
        assert process.stdout
        process.kill()
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(DYING)

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def tell(self, data: bytes) -> None:
        """Writes to its standard input; one that has ended is noticed by whoever reads."""
        assert self._process
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(data)

    def read(self, seconds: float) -> bytes:
        """Returns what it has written to its standard output; empty after so many seconds without anything.

        Raises:
            LostError: It has ended.
        """
        assert self._process
        assert self._process.stdout
        number = self._process.stdout.fileno()
        poll = select.poll()  # and not select(), which knows no descriptor above 1023
        poll.register(number, select.POLLIN)
        if not poll.poll(seconds * 1000):
            return b""
        data = os.read(number, CHUNK)
        if not data:
            raise LostError(self._end())
        return data

    def _end(self) -> str:
        assert self._process
        name = os.path.basename(self._command[0])
        try:
            code = self._process.wait(DYING)
        except subprocess.TimeoutExpired:
            return f"{name} has closed its output"
        if code < 0:
            return f"its process ({name}) was ended by {_name(-code)}"
        return f"its process ({name}) has ended with exit code {code}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
