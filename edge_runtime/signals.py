"""What a process does when a signal comes."""

import signal
import threading
from collections.abc import Callable
from types import FrameType


def on_signal(act: Callable[[], None], *numbers: signal.Signals) -> None:
    """Calls `act` when a signal comes, in a thread: a handler may interrupt the main one inside a lock it needs."""

    def handle(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=act, daemon=True).start()

    for number in numbers:
        signal.signal(number, handle)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)  # what a parent kept back until there is a handler
