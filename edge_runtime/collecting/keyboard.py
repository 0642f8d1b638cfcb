"""Keys as they are pressed on the terminal that a program was started from. It is as it was when the program has gone.

Ctrl-C stays what it is. While the program is stopped (Ctrl-Z) or in the background, the terminal is the shell's.
"""

import contextlib
import os
import re
import select
import signal
import sys
import termios
import threading
from types import FrameType, TracebackType
from typing import Any, Self

END = "\x04"  # Ctrl-D; also what a terminal that is gone is taken to say
SEQUENCE = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|O.)?")  # arrows and the like (ECMA-48, 5.4), and Esc itself
LFLAG, CC = 3, 6  # places in what termios.tcgetattr returns


class Keyboard:
    """Reads a terminal without Enter and without showing what is typed, while the block runs.

    Args:
        descriptor: The terminal's.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: list[Any] | None = None  # the terminal's state; None while it is not ours
        self._former: Any = None  # what Ctrl-Z did

    @classmethod
    def here(cls) -> Self | None:
        """Returns the keyboard of who has started this process; None where nobody can press a key."""
        try:
            descriptor = sys.stdin.fileno() if sys.stdin else -1
        except (OSError, ValueError):
            return None
        keyboard = cls(descriptor)
        return keyboard if descriptor >= 0 and os.isatty(descriptor) and keyboard._in_front() else None

    def __enter__(self) -> Self:
        self._take()
        if threading.current_thread() is threading.main_thread():
            self._former = signal.signal(signal.SIGTSTP, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._former is not None:
            signal.signal(signal.SIGTSTP, self._former)
        self._give_back()

    def pressed(self) -> str:
        """Returns the keys that were pressed since it was asked last, small letters; at once."""
        if not self._in_front():  # whoever reads or sets a terminal from the background is stopped
            self._before = None
            return ""
        try:
            self._take()
            if not select.select([self._descriptor], [], [], 0)[0]:
                return ""
            keys = os.read(self._descriptor, 256)
        except OSError:  # hung up
            return END
        return SEQUENCE.sub("", keys.decode(errors="replace")).lower() if keys else END

    def _in_front(self) -> bool:
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:  # not the terminal that controls this process: nobody can send it to the background
            return True

    def _take(self) -> None:
        if self._before is not None:
            return
        try:
            before = termios.tcgetattr(self._descriptor)
            now = [*before[:CC], [*before[CC]]]
            now[LFLAG] &= ~(termios.ICANON | termios.ECHO)
            now[CC][termios.VMIN], now[CC][termios.VTIME] = 1, 0
            # What was typed before is not meant for this program.
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, now)
        except termios.error as error:
            raise OSError(*error.args) from error
        self._before = before

    def _give_back(self) -> None:
        if self._before is None or not self._in_front():
            return
        with contextlib.suppress(termios.error):  # it is gone
            # What was typed and not read is not meant for the shell.
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, self._before)
        self._before = None

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """What Ctrl-Z does; when the program goes on, `pressed` takes the terminal again."""
        self._give_back()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # stops here
        signal.signal(signal.SIGTSTP, self._stop)
