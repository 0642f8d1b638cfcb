"""Makes .venv: one lock installed with hashes, and this project itself, editable.

    python3 tools/environment.py [--device cpu|gpu|auto]
    python3 tools/environment.py --small

With --small it is .venv-build, which holds what builds the wheel and no more: enough to bring a bundle to a device from
a machine on which containers train and export.

Does nothing, in a fraction of a second, when what is there is what would be made. An interrupted or outdated
environment is made again from nothing, so that what is in it is always exactly one lock. Any Python from 3.8 on can
read this file, to say which one is needed; only the standard library is used.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Callable, Iterator, Sequence  # noqa: UP035 - collections.abc cannot be subscripted before Python 3.9

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, Python looks beside this file only

from tools.choices import Device, Failure, choose_device, dotted, gpus, is_supported, other_python

ROOT = Path(__file__).resolve().parent.parent
STAMP = "edge-environment.json"
LOCKS = {"cpu": "development.txt", "gpu": "development-gpu.txt", "build": "build.txt"}
ROOM = {"cpu": 3.5e9, "gpu": 8.5e9, "build": 0.1e9}  # bytes: what is installed, and pip's downloads on their way
DEBIAN_WHEELS = Path("usr/share/python-wheels")


@dataclass(frozen=True)
class Stamp:
    """What a finished environment was made from; written last, so that an interrupted one has none."""

    kind: str
    lock: str
    project: str
    python: str
    place: str


def say(sentence: str) -> None:
    print(f"environment: {sentence}", flush=True)


# What is there already


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


def serves(have: Stamp | None, asked: str, find_gpus: Callable[[], list[str] | None] = gpus) -> bool:
    """Whether what is there is what would be made.

    TensorFlow for GPUs runs on the CPU too, so it serves every wish; .venv-build is asked for by its own name.
    """
    if have is None or have.kind not in LOCKS or have != wanted(have.kind, have.python):
        return False
    if asked == "build" or have.kind == "build":
        return asked == have.kind
    if have.kind == "gpu" or asked == "cpu":
        return True
    return asked == "auto" and not find_gpus()


# Making it


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


def make(device: Device) -> None:
    """Raises Failure; an environment that was there is gone by then."""
    started = time.monotonic()
    lock = lock_of(device.kind)
    version = dotted(sys.version_info[:2])
    stamp = wanted(device.kind, version)
    packages = sum(1 for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line and line[0] not in "# ")
    venv = venv_of(device.kind)
    if device.kind == "build":
        say(f"making {venv.name} with Python {version} and what builds the wheel")
    else:
        say(
            f"installing {packages} packages into {venv.name} with Python {version} and TensorFlow for the "
            f"{device.kind.upper()} ({device.reason}); this takes minutes the first time"
        )
    if device.kind == "gpu" and not gpus():
        say("note: nvidia-smi lists no GPU here; what is installed for one takes 4.7 GB more than DEVICE=cpu")
    with contextlib.suppress(FileNotFoundError):
        (venv / STAMP).unlink()
    python = create(venv)
    check_room(venv, ROOM[device.kind])
    pip(python, "install", "--only-binary", ":all:", "--require-hashes", "--requirement", str(lock))
    if device.kind != "build":
        install_project(python)
    write_stamp(stamp)
    say(f"ready after {time.monotonic() - started:.0f} s")


def check_room(place: Path, needed: float) -> None:
    """Raises Failure when a disk is so full that pip would end half-way."""
    free = shutil.disk_usage(place).free
    if free < needed:
        raise Failure(f"{place}: {needed / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free on that disk")


def install_project(python: Path) -> None:
    # flit_core is in the lock, so nothing is fetched.
    pip(python, "install", "--no-index", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))


def write_stamp(stamp: Stamp) -> None:
    unfinished = Path(stamp.place) / f"{STAMP}.unfinished"
    unfinished.write_text(json.dumps(asdict(stamp), indent=2) + "\n", encoding="utf-8")
    unfinished.replace(Path(stamp.place) / STAMP)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Two that run at once take turns; the second finds the work done."""
    with lock_of("cpu").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another one that makes .venv")
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass  # some network file systems cannot lock; two at once are rare
        yield


def ensure(asked: str) -> None:
    """Raises Failure.

    Args:
        asked: cpu, gpu or auto for .venv, build for .venv-build.
    """
    venv = venv_of(asked)
    if serves(made(venv), asked):
        return
    with alone():
        have = made(venv)
        if serves(have, asked):
            return
        if asked == "build":
            make(Device("build", "as asked"))
            return
        device = choose_device(asked, f"{platform.system()} {platform.machine()}")
        if have is not None and have.kind == device.kind:
            stamp = wanted(have.kind, have.python)
            if have.lock == stamp.lock and have.place == stamp.place:
                install_project(python_in(venv))  # only the project's own metadata changed
                write_stamp(stamp)
                return
        make(device)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="environment.py", description="Make .venv, or find that it is as it should be."
    )
    parser.add_argument(
        "--device", choices=("cpu", "gpu", "auto"), default="auto", help="which TensorFlow (default auto)"
    )
    parser.add_argument("--small", action="store_true", help="make .venv-build, which only builds the wheel")
    arguments = parser.parse_args(argv)
    try:
        if not is_supported(sys.version_info[:2]):
            python = other_python(sys.version_info[:2])
            os.execv(python, [python, os.path.abspath(__file__), *argv])
        ensure("build" if arguments.small else arguments.device)
    except Failure as error:
        print(f"environment: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"environment: {error.filename or ROOT}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("environment: interrupted; the next run starts over", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
