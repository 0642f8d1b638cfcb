"""What a device's directory is made for: its processor, Python and interpreter, and what the locks name for them."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from tools.delivery.machines import Machine, UnknownMachine, machine

ROOT = Path(__file__).resolve().parents[2]
SIGNED = ROOT / "locks" / "edge-signed.txt"
INTERPRETERS = ("auto", "litert", "onnx", "tflite")


class TreeError(Exception):
    """Its text is a sentence for the user."""


@dataclass(frozen=True)
class Target:
    """What a tree is made for.

    Attributes:
        machine: The processor.
        python: The device's Python, as in ``3.11``.
        interpreter: Which extra it gets.
        camera: Whether OpenCV comes with it.
        signed: Whether what checks signatures does.
    """

    machine: Machine
    python: str
    interpreter: str
    camera: bool
    signed: bool = False

    @property
    def lock(self) -> Path:
        return ROOT / "locks" / f"edge-{self.interpreter}{'-camera' if self.camera else ''}.txt"

    @property
    def from_debian(self) -> dict[str, str]:
        """Python packages that have no wheel for it, and Debian's packages of them."""
        return dict(self.machine.from_debian + (self.machine.signed_from_debian if self.signed else ()))

    @property
    def requirements(self) -> str:
        """What pip installs, with hashes."""
        text = without(self.lock.read_text("utf-8"), self.from_debian)
        if self.signed and not self.machine.signed_from_debian:
            # Resolved by itself, and so with numpy and Pillow, which the interpreter's lock has already.
            text += without(SIGNED.read_text("utf-8"), names(text))
        return text


def target(name: str, python: str, interpreter: str = "auto", camera: bool = False, signed: bool = False) -> Target:
    """Returns a target that can be made.

    Args:
        name: The machine, by any of its names.
        python: The device's Python.
        interpreter: Which one; ``auto`` takes litert, and tflite where that is the only one.
        camera: Whether OpenCV is wanted.
        signed: Whether signatures are to be checked there.

    Raises:
        TreeError: No interpreter exists for it, or not together with OpenCV.
    """
    try:
        found = machine(name)
    except UnknownMachine as error:
        raise TreeError(str(error)) from error
    old = found.uname == "armv7l"
    if interpreter == "auto":
        interpreter = "tflite" if old else "litert"
    if old and interpreter != "tflite":
        raise TreeError(
            f"32-bit ARM ({found.platform}): '{interpreter}' has no wheel for it, only tflite-runtime 2.14 has: ask "
            "for tflite, or install a 64-bit system on the board"
        )
    if interpreter == "tflite" and python != "3.11":
        otherwise = "" if old else ", or ask for litert"
        raise TreeError(
            f"Python {python}: tflite-runtime 2.14 has no wheel for {found.platform} but for Python 3.11; "
            f"take Debian 12, whose Python that is{otherwise}"
        )
    if camera and interpreter != "litert":
        raise TreeError(f"OpenCV is locked together with litert alone; '{interpreter}' was asked for")
    return Target(found, python, interpreter, camera, signed)


def without(lock: str, names: Container[str]) -> str:
    """Returns a lock without some packages: their lines and those of their hashes."""
    kept, skipping = [], False
    for line in lock.splitlines(keepends=True):
        if not line.startswith((" ", "#")):
            skipping = line.partition("==")[0] in names
        if not skipping:
            kept.append(line)
    return "".join(kept)


def names(lock: str) -> set[str]:
    """Returns the packages that a lock names."""
    return {line.partition("==")[0] for line in lock.splitlines() if not line.startswith((" ", "#"))}
