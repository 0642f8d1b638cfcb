"""Tells systemd how the service is: sd_notify's protocol, one datagram at a time. Without systemd it does nothing.

The protocol is in systemd's manual, sd_notify(3).
"""

import contextlib
import os
import socket
from collections.abc import Mapping

READY, WATCHDOG, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"


class Notifier:
    """Speaks to the service manager that started this process.

    Args:
        environment: Where the manager says how it is reached.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        place = environment.get("NOTIFY_SOCKET", "")
        # An @ stands for the zero byte with which Linux' abstract names begin.
        self._place = "\0" + place[1:] if place.startswith("@") else place
        self._ready = False

    def say(self, *words: str) -> None:
        """Sends words such as ``STATUS=…``; a manager that does not listen is no reason to stop judging."""
        if not self._place:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.sendto("\n".join(words).encode(), self._place)

    def beat(self, status: str) -> None:
        """Says that the judging loop went round; the first time also that the service is ready."""
        self.say(*([] if self._ready else [READY]), WATCHDOG, f"STATUS={status}")
        self._ready = True
