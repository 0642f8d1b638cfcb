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
import os
import platform
import sys
import time
from pathlib import Path
from typing import Iterator, Sequence  # noqa: UP035 - collections.abc cannot be subscripted before Python 3.9

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, Python looks beside this file only

from tools.choices import Device, Failure, choose_device, dotted, gpus, is_supported, other_python
from tools.installing import check_own, check_room, create, pip, say
from tools.stamp import ROOT, STAMP, lock_of, made, python_in, serves, venv_of, wanted, write_stamp

ROOM = {"cpu": 3.5e9, "gpu": 8.5e9, "build": 0.1e9}  # bytes: what is installed, and pip's downloads on their way


def make(device: Device) -> None:
    """Raises Failure; an environment that was there is gone by then."""
    started = time.monotonic()
    lock = lock_of(device.kind)
    version = dotted(sys.version_info[:2])
    stamp = wanted(device.kind, version)
    packages = sum(1 for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line and line[0] not in "# ")
    venv = venv_of(device.kind)
    check_own(venv)
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


def install_project(python: Path) -> None:
    # flit_core is in the lock, so nothing is fetched.
    pip(python, "install", "--no-index", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))


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
    machine = f"{platform.system()} {platform.machine()}"
    if serves(made(venv), asked, machine):
        return
    with alone():
        have = made(venv)
        if serves(have, asked, machine):
            return
        if asked == "build":
            make(Device("build", "as asked"))
            return
        device = choose_device(asked, machine)
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
