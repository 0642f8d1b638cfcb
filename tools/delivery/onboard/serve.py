"""What runs on the device during a deploy, as root and under the device's own Python; standard library only.

Requests come on standard input, one JSON object a line; so go the answers: ``{"say": …}`` while it works, then
``{"done": …}`` or ``{"failed": …}``. It lives as long as the connection, and so do the lock and what is half received.
"""

import contextlib
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import BinaryIO

from tools.delivery.onboard.agent import Agent
from tools.delivery.onboard.services import Refused, Services, Systemd

REQUESTS = ("look", "has_directory", "begin", "receive", "release", "remove")


def serve(root: Path, services: Services, requests: BinaryIO, replies: BinaryIO) -> None:
    """Answers requests until there are no more."""

    def reply(**answer: object) -> None:
        with contextlib.suppress(BrokenPipeError):  # what has begun is carried through all the same
            replies.write(json.dumps(answer).encode() + b"\n")
            replies.flush()

    def gone() -> bool:
        # Nothing is sent while a request is worked on: something to read is the end.
        return bool(select.select([requests], [], [], 0)[0])

    agent = Agent(root, services, lambda line: reply(say=line), gone)
    for line in iter(requests.readline, b""):
        fields = json.loads(line)
        verb = fields.pop("do")
        if verb == "receive":
            fields["stream"] = requests
        try:
            if verb not in REQUESTS:
                raise Refused(f"no request is called '{verb}'")
            reply(done=getattr(agent, verb)(**fields))
        except Refused as error:
            reply(failed=str(error))
        except OSError as error:
            reply(failed=f"{error.filename or 'the device'}: {error.strerror or error}")


def main() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a broken connection is met where it does no harm
    os.umask(0o022)  # the service must be able to read what root unpacks
    serve(Path("/"), Systemd(sys.executable), sys.stdin.buffer, sys.stdout.buffer)
