"""Debian packages that tests need and Python's package index does not have."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping

from tools.choices import Failure


def bring(programs: Mapping[str, str], allowed: bool, say: Callable[[str], None]) -> None:
    """Installs what is missing, or says how.

    Args:
        programs: Each program or file and the Debian package that has it.
        allowed: Whether apt may be called.
        say: Tells what is done.

    Raises:
        Failure: Something is missing and may not be installed, or apt failed.
    """
    there = {program for program in programs if shutil.which(program) or os.path.exists(program)}
    missing = [package for program, package in programs.items() if program not in there]
    if not missing:
        return
    if not allowed:
        raise Failure(f"missing here: sudo apt install {' '.join(missing)}; or say ARGS=--install")
    say(f"installing {' '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", "--quiet=2", *step], check=False, env=environment, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise Failure(f"apt-get {step[0]} failed; mend what it says above")
