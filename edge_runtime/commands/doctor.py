"""``edge-runtime doctor``: can this machine run this, and what is missing?"""

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy
import PIL

from edge_runtime import __version__
from edge_runtime.auto import fastest
from edge_runtime.bundle.manifest import Variant
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.commands.interpreters import advice, remedy, tried
from edge_runtime.commands.options import add_keys
from edge_runtime.commands.table import size
from edge_runtime.device.machine import this_machine
from edge_runtime.errors import EdgeError, InterpreterMissing
from edge_runtime.proof import prove
from edge_runtime.runtimes import INTERPRETERS, Interpreter
from edge_runtime.sources import camera
from edge_runtime.sources.devices import cameras, check, forbidden
from edge_runtime.trust import open_trusted

GOOD, BAD, MISSING = "ok ", "BAD", "-- "


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundles", nargs="*", type=Path, metavar="BUNDLE", help="bundles to try on this machine")
    add_keys(parser)
    parser.epilog = """Of each line the mark says how it stands: ok works, -- is not there, BAD is there and does not
work. What is missing is told with the command that brings it; one interpreter is enough.

exit codes: 0 an interpreter works and every bundle given can run here, 1 otherwise

examples:
  edge-runtime doctor
  edge-runtime doctor bundles/fashion_mnist"""


def run(arguments: argparse.Namespace) -> int:
    machine = this_machine()
    print(f"edge-runtime {__version__} on {machine.system}")
    print(f"  {GOOD} Python {machine.python}, numpy {numpy.__version__}, Pillow {PIL.__version__}")
    print(f"  {GOOD} {machine.cpus} CPUs, {' '.join(machine.features) or 'no vector unit known'}")
    if machine.memory and machine.available:
        print(f"  {GOOD} memory {size(machine.memory)}, {size(machine.available)} available")
    print("interpreters")
    working = _interpreters()
    print("cameras")
    _cameras()
    usable = [_bundle(path, working, arguments.keys or ()) for path in arguments.bundles]
    if not working:
        raise EdgeError("no interpreter works here; install one of the above, one is enough")
    if not all(usable):
        raise EdgeError(f"{usable.count(False)} of {len(usable)} bundles cannot run here")
    return 0


def _interpreters() -> list[Interpreter]:
    """Prints a line about each interpreter and returns those that work."""
    found = {one.package: tried(one) for one in INTERPRETERS if one.installed}
    working = [one.interpreter for one in found.values() if not one.failure]
    for interpreter in INTERPRETERS:
        named = f"{interpreter.package} (.{interpreter.format})"
        one = found.get(interpreter.package)
        if one is None:
            print(f"  {MISSING} {named} is not installed: {remedy(interpreter, bool(working))}")
        elif one.failure:
            print(f"  {BAD} {named} is installed: {one.failure}")
        else:
            print(f"  {GOOD} {interpreter.package} {one.version} (.{interpreter.format})")
    return working


def _cameras() -> None:
    """Prints a line about OpenCV and one for each camera; neither is needed for pictures in files."""
    if importlib.util.find_spec("cv2") is None:
        command = advice("--camera", camera.PACKAGE)
        print(f"  {MISSING} {camera.PACKAGE} is not installed: needed for cameras and videos alone, {command}")
    else:
        try:
            print(f"  {GOOD} OpenCV {camera.opencv().__version__}: cameras of this machine, RTSP, videos")
        except EdgeError as error:
            print(f"  {BAD} {error}")
    able, refused = cameras(), forbidden()
    for found in able:
        print(f"  {GOOD} {found}")
    for path in refused:
        try:
            check(path)
        except EdgeError as error:
            print(f"  {BAD} {error}")
    if not able and not refused:
        print(f"  {MISSING} no camera at this machine")


def _bundle(path: Path, working: Sequence[Interpreter], keys: Sequence[str]) -> bool:
    """Prints a line for each variant of a bundle and returns whether one of them judges here as at export."""
    print(f"bundle {path}")
    try:
        bundle = open_trusted(path, keys)
    except EdgeError as error:
        print(f"  {BAD} {error}")
        return False
    print(f"  {GOOD} {bundle.title}, every digest right")
    readable = [variant for variant in bundle.manifest.variants if _reader(variant) in working]
    try:
        chosen = fastest(bundle, readable).name if readable else ""
    except EdgeError:
        chosen = ""  # none: each says below why
    usable = [
        _variant(bundle, variant, variant.name == chosen, variant in readable) for variant in bundle.manifest.variants
    ]
    return any(usable)


def _reader(variant: Variant) -> Interpreter | None:
    """Returns the interpreter that would be taken, whether it works or not."""
    return next((one for one in INTERPRETERS if one.format == variant.format and one.installed), None)


def _variant(bundle: Bundle, variant: Variant, chosen: bool, readable: bool) -> bool:
    name = variant.name
    if not readable and (reader := _reader(variant)):  # and it might crash this process
        print(f"  {BAD} {name}: {reader.package} does not work here, see above")
        return False
    try:
        proof = prove(bundle, load_classifier(bundle, name, threads=1))
    except InterpreterMissing:
        print(f"  {MISSING} {name}: no interpreter for it is installed")
        return False
    except EdgeError as error:
        print(f"  {BAD} {name}: {error}; it needs {variant.minimum_runtime} or newer")
        return False
    mark = GOOD if proof.passed else BAD
    verdict = "judges as at export" if proof.passed else f"differs by {proof.largest_difference:.3f}, do not use it"
    auto = "  <- --variant auto" if chosen else ""
    print(f"  {mark} {name}: {verdict}, {proof.latency * 1e3:.2f} ms a picture{auto}")
    return proof.passed
