"""What on the device is started, stopped and asked. The protocol is what the agent needs; tests have their own."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

UNIT = "edge-runtime.service"
FRESH = 5  # seconds: more than two beats of `edge-runtime run`
NOBODY = 65534  # Debian's nobody and nogroup: what verify may read, the service may read
VERIFY_SECONDS = 300.0  # a single-core board took a minute for six variants; there may be eleven


class Refused(Exception):
    """Its text is a sentence for the user."""


class Services(Protocol):
    def control(self, *words: str) -> None:
        """Calls systemctl. Raises Refused."""

    def show(self) -> dict[str, str]:
        """Returns the unit's properties."""

    def health(self, command: Path, heartbeat: Path) -> tuple[bool, str]:
        """Returns whether it is alive and the words of `edge-runtime health`."""

    def verify(self, command: Path, bundle: Path, keys: Sequence[str]) -> tuple[bool, str]:
        """Returns whether the bundle judges here as at export and the words of `edge-runtime verify`.

        Args:
            command: The launcher.
            bundle: The bundle's directory.
            keys: Files with the public keys that it must be signed with one of; none: anybody's is taken.
        """

    def compile(self, directory: Path) -> None:
        """Compiles Python modules."""

    def journal(self, since: float) -> str:
        """Returns the unit's last lines since then."""


class Systemd:
    """The real ones.

    Args:
        python: The device's.
    """

    def __init__(self, python: str) -> None:
        self._python = python

    def control(self, *words: str) -> None:
        code, text = run("systemctl", *words)
        if code:
            raise Refused(f"systemctl {' '.join(words)} failed: {text}")

    def show(self) -> dict[str, str]:
        _, text = run("systemctl", "show", UNIT, "--property=ActiveState,SubState,NRestarts,Result,Job")
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def health(self, command: Path, heartbeat: Path) -> tuple[bool, str]:
        code, text = run(str(command), "health", "--heartbeat", str(heartbeat), "--max-age", str(FRESH))
        return code == 0, text

    def verify(self, command: Path, bundle: Path, keys: Sequence[str]) -> tuple[bool, str]:
        trusted = [word for key in keys for word in ("--key", key)]
        code, text = run(str(command), "verify", str(bundle), *trusted, user=NOBODY, group=NOBODY, extra_groups=())
        return code == 0, text

    def compile(self, directory: Path) -> None:
        # Unchecked: parts are never edited. Modules that this Python cannot compile are of no use to it.
        options = ("-q", "-j", "0", "--invalidation-mode", "unchecked-hash")
        run(self._python, "-I", "-m", "compileall", *options, str(directory))

    def journal(self, since: float) -> str:
        run("journalctl", "--sync")  # what the unit said in its last moment may still be on its way
        return run("journalctl", "-u", UNIT, "-n", "15", "-o", "cat", "--no-pager", "--since", f"@{int(since)}")[1]


def run(*command: str, **options: Any) -> tuple[int, str]:
    """Returns the exit code and what was printed."""
    try:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            timeout=VERIFY_SECONDS,
            **options,
        )
    except subprocess.TimeoutExpired:
        return 1, f"{command[0]} did not end within {VERIFY_SECONDS:.0f} s"
    return done.returncode, done.stdout.decode(errors="replace").strip()
