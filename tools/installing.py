"""Makes an empty environment and has pip install into it, also where Debian left pip out. Readable by Python 3.8."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator  # noqa: UP035 - as in tools/choices.py

from tools.choices import Failure
from tools.stamp import python_in

DEBIAN_WHEELS = Path("usr/share/python-wheels")


def say(sentence: str) -> None:
    print(f"environment: {sentence}", flush=True)


def clean_environment() -> dict[str, str]:
    """The user's settings for pip (mirror, proxy, certificates) without those that would install elsewhere."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET")}
    return {**kept, "PIP_USER": "0"}


def pip(python: Path, verb: str, *arguments: str) -> None:
    """Raises Failure. pip's warnings and errors are shown, its progress is not."""
    command = [str(python), "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", verb, "--quiet"]
    command += ["--progress-bar", "off", *arguments]
    with subprocess.Popen(
        command, env=clean_environment(), stderr=subprocess.PIPE, text=True, errors="replace"
    ) as child:
        assert child.stderr is not None
        for line in child.stderr:
            # Said once for every package and every local index that the user's pip is set up with.
            if "is ignored: it is neither a file nor a directory" not in line:
                sys.stderr.write(line)
    if child.returncode != 0:
        raise Failure(f"pip {verb} failed (exit {child.returncode}); mend what it says above, then run the same again")


def check_own(venv: Path) -> None:
    """Accepts what may be emptied. Raises Failure for a link: what it leads to belongs to somebody else."""
    if venv.is_symlink():
        raise Failure(
            f"{venv} is a link to {os.path.realpath(venv)}, and to install into it would first empty that; remove the "
            f"link ('rm {venv}') and run the same again"
        )


def create(venv: Path) -> Path:
    """Makes an empty environment with pip in it and returns its Python. Raises Failure."""
    # In an activated environment that is about to be emptied, the Python below it does the work.
    python = os.path.realpath(sys.executable) if sys.prefix != sys.base_prefix else sys.executable
    has_pip = importlib.util.find_spec("ensurepip") is not None
    command = [python, "-I", "-m", "venv", "--clear", str(venv)]
    answer = subprocess.run(
        command if has_pip else [*command, "--without-pip"], check=False, capture_output=True, text=True
    )
    if answer.returncode != 0:
        raise Failure(f"{' '.join(command)} failed:\n{(answer.stdout + answer.stderr).strip()}")
    if not has_pip:
        with debian_pip() as wheel:
            pip_from_wheel = [str(python_in(venv)), "-I", f"{wheel}/pip", "install", "--quiet", "--no-index"]
            if subprocess.run([*pip_from_wheel, str(wheel)], check=False, env=clean_environment()).returncode != 0:
                raise Failure(f"{wheel.name} could not install itself into {venv}. {INSTALL_VENV}")
    return python_in(venv)


INSTALL_VENV = "Debian and Ubuntu keep a part of venv in a package of its own: sudo apt install python3-venv"


@contextlib.contextmanager
def debian_pip() -> Iterator[Path]:
    """Debian's pip as a wheel, from the disk or from its package; unpacking one needs no root. Raises Failure."""
    installed = sorted((Path("/") / DEBIAN_WHEELS).glob("pip-*.whl"))
    if installed:
        yield installed[-1]
        return
    from train.debian_package import PackageError, unpack

    say("this Python has no ensurepip; taking pip from Debian's package python3-pip-whl, which needs no root")
    with tempfile.TemporaryDirectory(prefix="pip-") as scratch:
        try:
            content = unpack("python3-pip-whl", Path(scratch))
        except PackageError as error:
            raise Failure(
                f"this Python has no ensurepip, and Debian's pip cannot be had: {error}. {INSTALL_VENV}"
            ) from error
        wheels = sorted((content / DEBIAN_WHEELS).glob("pip-*.whl"))
        if not wheels:
            raise Failure(f"Debian's package python3-pip-whl holds no pip. {INSTALL_VENV}")
        yield wheels[-1]


def check_room(place: Path, needed: float) -> None:
    """Raises Failure when a disk is so full that pip would end half-way."""
    free = shutil.disk_usage(place).free
    if free < needed:
        raise Failure(f"{place}: {needed / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free on that disk")
