"""Which Python and which TensorFlow an environment is made of. Like `tools/environment.py`, readable by Python 3.8."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import Callable, Sequence  # noqa: UP035 - collections.abc cannot be subscripted before Python 3.9

OLDEST, NEWEST = (3, 11), (3, 13)
# Elsewhere TensorFlow has no wheel.
PLATFORMS = ("Linux x86_64", "Linux aarch64", "Darwin arm64")


class Failure(Exception):
    """Its text is a sentence for the user."""


@dataclass(frozen=True)
class Device:
    """Which TensorFlow is installed, and why."""

    kind: str
    reason: str


# Which Python


def dotted(version: Sequence[int]) -> str:
    return f"{version[0]}.{version[1]}"


def is_supported(version: Sequence[int]) -> bool:
    return OLDEST <= tuple(version[:2]) <= NEWEST


def runs(python: str) -> bool:
    """Whether this file is a Python that starts; pyenv puts names on PATH that only print an error."""
    try:
        answer = subprocess.run([python, "-I", "-c", "import venv"], check=False, capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def other_python(
    version: Sequence[int],
    which: Callable[[str], str | None] = shutil.which,
    works: Callable[[str], bool] = runs,
) -> str:
    """Returns the path of a supported Python, for one that is not; Raises Failure."""
    names = [f"python{dotted((3, minor))}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    for name in names:
        path = which(name)
        if path is not None and works(path):
            return path
    raise Failure(
        f"this is Python {dotted(version)}; Python {dotted(OLDEST)} to {dotted(NEWEST)} is needed, and none of "
        f"{', '.join(names)} was found on PATH. Install one of them, or name it: make PYTHON=/path/to/{names[-1]} setup"
    )


# Which TensorFlow


def gpus() -> list[str] | None:
    """What nvidia-smi lists; None where there is no nvidia-smi."""
    if shutil.which("nvidia-smi") is None:
        return None
    try:
        answer = subprocess.run(["nvidia-smi", "-L"], check=False, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line for line in answer.stdout.splitlines() if line.startswith("GPU ")]


def choose_device(asked: str, machine: str, find_gpus: Callable[[], list[str] | None] = gpus) -> Device:
    """``machine``: system and processor, as in ``PLATFORMS``. Raises Failure."""
    if machine not in PLATFORMS:
        raise Failure(f"TensorFlow has no wheel for {machine}; the kit trains on {', '.join(PLATFORMS)}")
    if asked == "cpu":
        return Device("cpu", "as asked")
    has_cuda = machine == "Linux x86_64"
    if asked == "gpu":
        if not has_cuda:
            raise Failure(f"TensorFlow has no GPU wheel for {machine}, only for Linux x86_64; DEVICE=cpu works here")
        return Device("gpu", "as asked")
    if not has_cuda:
        return Device("cpu", f"TensorFlow has no GPU wheel for {machine}")
    found = find_gpus()
    if found is None:
        return Device("cpu", "no GPU: there is no nvidia-smi")
    if not found:
        return Device("cpu", "no GPU: nvidia-smi lists none")
    return Device("gpu", f"nvidia-smi lists {len(found)} GPU{'s' if len(found) > 1 else ''}")
