"""What tests call, where a fixture would be in the way."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def python(
    *arguments: object, cwd: Path = ROOT, env: dict[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """Runs this Python as a user would run it, from the checkout."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=timeout, check=False)


def on_a_small_disk(place: Path, size: str) -> list[str]:
    """Returns words that run the command behind them with a disk of its own mounted on `place`, as large as ``400k``.

    The disk exists only inside, so that what is left on it is told from there. Skips the test where nobody may mount.
    """
    script = f'mount -t tmpfs -o size={size} tmpfs "$1" && shift && "$@"'
    words = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", str(place)]
    try:
        able = subprocess.run([*words, "true"], capture_output=True, timeout=60, check=False).returncode == 0
    except FileNotFoundError:
        able = False
    if not able:
        pytest.skip("this machine lets nobody mount a small disk")
    return words
