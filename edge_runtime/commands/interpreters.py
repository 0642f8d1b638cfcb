"""What ``edge-runtime doctor`` tells of interpreters: which work, and what would bring those that do not.

Each is imported in a process of its own: one that was built for another numpy may import, say something on standard
error, and crash the process at its first tensor.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from sysconfig import get_path

import numpy

from edge_runtime.console import program
from edge_runtime.device import child
from edge_runtime.device.container import is_image
from edge_runtime.runtimes import INTERPRETERS, Interpreter

TIMEOUT = 120.0  # seconds: ONNX Runtime's import takes 2 on a Raspberry Pi Zero 2 with a cold card
IMPORT = "import importlib, sys; print(importlib.import_module(sys.argv[1]).__version__)"
OTHER_NUMPY = "_ARRAY_API not found"  # what numpy 2 says to a module that was built for numpy 1


@dataclass(frozen=True)
class Tried:
    """An interpreter that is installed.

    Attributes:
        version: Empty where it does not work.
        failure: Why not, and what to do; empty where it works.
    """

    interpreter: Interpreter
    version: str = ""
    failure: str = ""


def tried(interpreter: Interpreter) -> Tried:
    """Imports an interpreter in a process of its own."""
    try:
        done = subprocess.run(
            child.python("-c", IMPORT, interpreter.module),
            check=False,
            env=child.environment(),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return Tried(interpreter, failure=f"its import did not end within {TIMEOUT:.0f} s")
    if OTHER_NUMPY in done.stderr:
        remedy = installing(f"'numpy<2', or a newer one: {installing(f'--upgrade {interpreter.package}')}")
        return Tried(interpreter, failure=f"it was built for numpy 1, and {numpy.__version__} is installed: {remedy}")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"its process ended with {done.returncode}"])[-1]
        again = installing(f"--force-reinstall {interpreter.package}")
        return Tried(interpreter, failure=f"it does not import: {last}; {again}")
    return Tried(interpreter, version=done.stdout.strip())


def remedy(interpreter: Interpreter, working: bool, bits: int = sys.maxsize.bit_length() + 1) -> str:
    """Returns what is to be known of an interpreter that is not installed.

    Args:
        interpreter: It.
        working: Whether another one works here.
        bits: Of this Python: 32 or 64.
    """
    if any(one.installed for one in INTERPRETERS if one.format == interpreter.format):
        return "not needed, another one reads it"
    if interpreter.extra == "litert" and bits == 32:
        return "there is none for 32 bits"
    if interpreter.extra == "tflite" and bits == 64:
        return "not needed, ai-edge-litert is the one for 64 bits"
    command = advice(f"--interpreter {interpreter.extra}", packages(interpreter))
    return f"needed for .{interpreter.format} files alone, {command}" if working else command


def packages(interpreter: Interpreter) -> str:
    """Returns what pip is told to install: the advice without its verb, and without for whom it is."""
    return interpreter.advice.removeprefix("pip install ").partition(" (")[0]


def advice(flag: str, wanted: str) -> str:
    """Returns what brings packages here, where pip may do it and where it may not.

    Args:
        flag: With which the image, or the package for devices, is made.
        wanted: What pip installs.
    """
    if is_image():
        return f"another image, made with {flag}"
    if sys.flags.isolated:  # the launcher that make deploy and make deb bring
        return f"another package, made with {flag}: make deploy or make deb, ARGS='{flag}'"
    return installing(wanted)


def installing(wanted: str) -> str:
    """Returns the command that installs packages for this very Python."""
    if sys.prefix == sys.base_prefix and Path(get_path("stdlib"), "EXTERNALLY-MANAGED").exists():  # PEP 668
        return f"pip install {wanted}, in an environment of its own (python3 -m venv edge)"
    return f"{program()} -m pip install {wanted}"
