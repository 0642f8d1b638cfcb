"""What an environment was made of, and whether that is what would be made now. Readable by Python 3.8."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable  # noqa: UP035 - collections.abc cannot be subscripted before Python 3.9

from tools.choices import choose_device, gpus

ROOT = Path(__file__).resolve().parent.parent
STAMP = "edge-environment.json"
LOCKS = {"cpu": "development.txt", "gpu": "development-gpu.txt", "build": "build.txt"}


@dataclass(frozen=True)
class Stamp:
    """What a finished environment was made from; written last, so that an interrupted one has none."""

    kind: str
    lock: str
    project: str
    python: str
    place: str


def digest(*paths: Path) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def lock_of(kind: str) -> Path:
    return ROOT / "locks" / LOCKS[kind]


def venv_of(kind: str) -> Path:
    return ROOT / (".venv-build" if kind == "build" else ".venv")


def wanted(kind: str, python: str) -> Stamp:
    # A moved checkout has scripts that name the old place.
    project = "" if kind == "build" else digest(ROOT / "pyproject.toml", ROOT / "edge_runtime" / "__init__.py")
    return Stamp(kind, digest(lock_of(kind)), project, python, str(venv_of(kind)))


def python_in(venv: Path) -> Path:
    return venv / "bin" / "python"


def version_in(venv: Path) -> str | None:
    """The version of an environment's Python; None when it does not start, as after an upgrade of the system."""
    command = [str(python_in(venv)), "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        answer = subprocess.run(command, check=False, capture_output=True, text=True)
    except OSError:
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def made(venv: Path) -> Stamp | None:
    """What the environment was made from; None when there is none that is whole."""
    try:
        fields = json.loads((venv / STAMP).read_text(encoding="utf-8"))
        stamp = Stamp(**fields)
    except (OSError, ValueError, TypeError):
        return None
    return stamp if stamp.python == version_in(venv) else None


def serves(have: Stamp | None, asked: str, machine: str, find_gpus: Callable[[], list[str] | None] = gpus) -> bool:
    """Whether what is there is what would be made.

    TensorFlow for GPUs runs on the CPU too, so it serves every wish; .venv-build is asked for by its own name.
    ``machine``: system and processor.
    """
    if have is None or have.kind not in LOCKS or have != wanted(have.kind, have.python):
        return False
    if asked == "build" or have.kind == "build":
        return asked == have.kind
    if have.kind == "gpu" or asked == "cpu":
        return True
    return asked == "auto" and choose_device("auto", machine, find_gpus).kind == "cpu"


def write_stamp(stamp: Stamp) -> None:
    unfinished = Path(stamp.place) / f"{STAMP}.unfinished"
    unfinished.write_text(json.dumps(asdict(stamp), indent=2) + "\n", encoding="utf-8")
    unfinished.replace(Path(stamp.place) / STAMP)
