"""The way to a device: one connection of the user's own ssh, so that keys, ports and jump hosts are as they always are.

The device is probed by its shell; when it has what it needs, the same connection goes on with the agent. So a password
is asked at most once, and nothing has to be installed there.
"""

import contextlib
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from edge_runtime.errors import UsageError
from tools.delivery.device import BEGIN, END, PROBE, PYTHON, Facts, parse
from tools.delivery.errors import ConnectionFailed, DeliveryError
from tools.delivery.parts import Part, content_digest

ONBOARD = Path(__file__).with_name("onboard")
MODULES = ("files", "services", "releases", "agent", "serve")  # each after those that it imports
CHUNK = 1 << 16
PROGRESS_SECONDS = 5.0
END_SECONDS = 5.0  # for ssh to end after its streams have

# What the device's Python is started with; a login shell hands it on as it is.
_START = f'exec $as {PYTHON} -I -c "import json, sys; exec(json.loads(sys.stdin.buffer.readline()))"'
# The first line it reads; the second is {name: source}.
_LOADER = """
import types
for name, source in json.loads(sys.stdin.buffer.readline()).items():
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(source, name, "exec"), module.__dict__)
module.main()
"""
SHELL = f"exec /bin/sh -c '{PROBE}; {_START}'"

EXPLAINED = (
    ("could not resolve", "no such host; check the name, or use the address (`hostname -I` on the device shows it)"),
    ("connection refused", "nothing answers to ssh there; on a Raspberry Pi: sudo raspi-config, Interface, SSH"),
    ("timed out", "no answer; is it switched on and in this network?"),
    ("no route to host", "no way leads there; is it switched on and in this network?"),
    ("network is unreachable", "no way leads there; is this machine in a network?"),
    ("host identification has changed", "its key has changed; if it was set up anew: ssh-keygen -R HOST"),
    ("host key verification failed", "its key is not known here yet; compare and accept it once with: ssh HOST"),
    ("permission denied (", "it lets this user not in; give it your key once with: ssh-copy-id HOST"),
    ("too many authentication failures", "it was offered too many keys; name one in ~/.ssh/config"),
)


class Device:
    """A connection; leaving the block ends it.

    Args:
        host: As the user named it.
        command: What connects, and hands its standard input and output to a shell there.
        say: Tells a line of progress.
    """

    def __init__(self, host: str, command: Sequence[str], say: Callable[[str], None]) -> None:
        self._host = host
        self._command = [*command, SHELL]
        self._say = say

    def __enter__(self) -> Self:
        self._errors = tempfile.TemporaryFile()
        try:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
        except FileNotFoundError as error:
            self._errors.close()
            raise ConnectionFailed("ssh is missing on this machine: sudo apt install openssh-client") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def probe(self, seconds: float | None) -> Facts:
        """Returns what the device says of itself.

        Args:
            seconds: How long it may take; None where a person may have to type a password.

        Raises:
            ConnectionFailed: With the reason that ssh gave, and what to do.
        """
        timer = threading.Timer(seconds or 0, self._process.kill)
        if seconds:
            timer.start()
        lines: list[str] = []
        try:
            for line in iter(self._output.readline, b""):
                text = line.decode(errors="replace").strip()
                if text == END:
                    return parse(lines)
                lines = [] if text == BEGIN else [*lines, text]
        finally:
            timer.cancel()
        raise self._broken()

    def start_agent(self) -> None:
        """Goes on with the agent, as root; the device has what it needs."""
        sources = {f"tools.delivery.onboard.{name}": (ONBOARD / f"{name}.py").read_text("utf-8") for name in MODULES}
        self._send(json.dumps(_LOADER).encode() + b"\n" + json.dumps(sources).encode() + b"\n")

    def call(self, do: str, part: Part | None = None, **fields: object) -> Any:
        """Makes a request and returns its result.

        Args:
            do: Which.
            part: What is sent with it.
            fields: Its arguments.

        Raises:
            DeliveryError: The device said no.
            ConnectionFailed: The connection has ended.
        """
        self._send(json.dumps({"do": do, **fields}).encode() + b"\n")
        if part:
            self._send_file(part)
        for line in iter(self._output.readline, b""):
            answer = json.loads(line)
            if "say" in answer:
                self._say(answer["say"])
            elif "failed" in answer:
                raise DeliveryError(answer["failed"])
            else:
                return answer["done"]
        raise self._broken()

    def send(self, part: Part) -> None:
        """Sends a part. Raises as `call` does."""
        digest = content_digest(part.archive)
        self.call("receive", part, kind=part.kind, digest=part.digest, size=part.size, sha256=digest)

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def _send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._broken() from None

    def _send_file(self, part: Part) -> None:
        sent, told = 0, time.monotonic()
        with part.archive.open("rb") as file:
            while data := file.read(CHUNK):
                self._send(data)
                sent += len(data)
                if time.monotonic() - told > PROGRESS_SECONDS and sent < part.size:
                    told = time.monotonic()
                    self._say(f"sent {sent / 1e6:.1f} of {part.size / 1e6:.1f} MB")

    def _broken(self) -> ConnectionFailed:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        self._errors.seek(0)
        return ConnectionFailed(explain(self._host, self._errors.read().decode(errors="replace")))


def ssh_command(host: str, config: Path | None, terminal: bool) -> list[str]:
    """Returns how to reach a host.

    Args:
        host: As ssh takes it: a name of ~/.ssh/config, user@host or ssh://user@host:port.
        config: A configuration other than the user's.
        terminal: Whether somebody is there to type a password.

    Raises:
        UsageError: It is no host but an option.
    """
    if not host or host.startswith("-"):
        raise UsageError(f"HOST={host}: a host is wanted, as in HOST=pi@raspberrypi.local")
    options = ["-T", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"]
    options += ["-F", str(config)] if config else []
    options += [] if terminal else ["-o", "BatchMode=yes"]
    return ["ssh", *options, "--", host]


def explain(host: str, said: str) -> str:
    """Returns a sentence for what ssh said when it ended."""
    for words, sentence in EXPLAINED:
        if words in said.lower():
            return f"{host}: {sentence.replace('HOST', host)}"
    lines = [line for line in said.strip().splitlines() if line.strip()]
    return f"{host}: the connection ended{': ' + lines[-1] if lines else ''}"
