"""Gets the content of a Debian package without root and without installing it. Standard library only.

`tools/environment.py` uses it too, before there is an environment.
"""

import os
import shutil
import subprocess
from pathlib import Path

UPDATE_TIMEOUT = 600.0  # seconds; Debian's lists are about 10 MB
DOWNLOAD_TIMEOUT = 600.0
UNPACK_TIMEOUT = 120.0


class PackageError(Exception):
    """The package could not be had; the text is the reason."""


def unpack(package: str, work: Path) -> Path:
    """Downloads `package` into the empty directory `work` and returns the directory that holds its content.

    Raises:
        PackageError: There is no apt, no such package, or no mirror to reach.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise PackageError(f"{tool} is not on this machine")
    try:
        _download(package, work, [])
    except PackageError:
        # Containers often come without apt's lists: fetch them into a place of our own and ask again.
        private = _private_state(work)
        _run(["apt-get", *private, "update"], work, UPDATE_TIMEOUT)
        _download(package, work, private)
    file = next(work.glob("*.deb"), None)
    if file is None:
        raise PackageError("apt-get downloaded nothing")
    _run(["dpkg-deb", "--extract", file.name, "content"], work, UNPACK_TIMEOUT)
    return work / "content"


def _private_state(work: Path) -> list[str]:
    for name in ("lists/partial", "cache/archives/partial"):
        (work / name).mkdir(parents=True)
    return ["-o", f"Dir::State::lists={work / 'lists'}", "-o", f"Dir::Cache={work / 'cache'}"]


def _download(package: str, work: Path, options: list[str]) -> None:
    _run(["apt-get", *options, "download", package], work, DOWNLOAD_TIMEOUT)


def _run(command: list[str], work: Path, timeout: float) -> None:
    if command[0] == "apt-get":
        settings = ("Acquire::http::Timeout=20", "Acquire::https::Timeout=20", "Acquire::Retries=1")
        options = ["-q", *(word for setting in settings for word in ("-o", setting))]
        # Root's apt hands downloads to the user _apt, who may not write here.
        options += ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
        command = [command[0], *options, *command[1:]]
    try:
        done = subprocess.run(
            command,
            cwd=work,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PackageError(f"{command[0]} took more than {timeout:.0f} s") from error
    if done.returncode != 0:
        raise PackageError(f"{command[0]} failed: {_reason(done.stderr)}")


def _reason(output: str) -> str:
    """Returns apt's own last error line (``E: …``), or the last line of all."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("E: ")]
    return (errors or lines or ["it gave no reason"])[-1].removeprefix("E: ")
