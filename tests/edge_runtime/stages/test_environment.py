"""A system's own Python, which has none of the packages, or is too old: a sentence each."""

import shutil
import subprocess
import sys

import pytest

from edge_runtime.stages.environment import needed
from tests.support import ROOT, python

COMMANDS = pytest.mark.parametrize(("program", "arguments"), [("train", ["fit"]), ("export", []), ("export", ["sign"])])


@COMMANDS
def test_a_python_without_the_packages_is_told_which_one_has_them(program: str, arguments: list[str]) -> None:
    done = python("-S", "-m", program, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{program}: error: {sys.executable} lacks the package numpy, which is needed: type ")
    assert f".venv/bin/python -m {program} … instead; 'make setup' makes .venv" in done.stderr
    assert done.stderr.count("\n") == 1


@COMMANDS
@pytest.mark.parametrize("version", ["3.8", "3.9", "3.10"])
def test_an_older_python_is_told_which_one_is_needed(program: str, arguments: list[str], version: str) -> None:
    older = shutil.which(f"python{version}")
    command = [older or "", "-m", program, *arguments]
    if older is None or subprocess.run([older, "-V"], capture_output=True).returncode:  # pyenv's only print an error
        pytest.skip(f"no Python {version} is on PATH")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f" is Python {version}, 3.11 or newer is needed: type .venv/bin/python -m {program}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_package_that_a_command_finds_missing_later_is_told_too() -> None:
    with pytest.raises(SystemExit, match=r"lacks the package no_such_package, which is needed"), needed("train"):
        __import__("no_such_package.part")


def test_a_module_of_the_kits_own_that_is_missing_is_a_defect() -> None:
    with pytest.raises(ModuleNotFoundError, match="edge_runtime"), needed("train"):
        __import__("edge_runtime.no_such_module")
