"""``edge-runtime doctor``: can this machine run this, and what is missing?"""

import argparse
import importlib
import importlib.util
from pathlib import Path

import numpy
import PIL

from edge_runtime import __version__
from edge_runtime.auto import fastest
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.commands.table import size
from edge_runtime.device.container import is_image
from edge_runtime.device.machine import this_machine
from edge_runtime.errors import EdgeError, InterpreterMissing
from edge_runtime.proof import prove
from edge_runtime.runtimes import INTERPRETERS, Interpreter, readable
from edge_runtime.sources import camera
from edge_runtime.sources.devices import cameras, check, forbidden

GOOD, BAD, MISSING = "ok ", "BAD", "-- "


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundles", nargs="*", type=Path, metavar="BUNDLE", help="bundles to try on this machine")
    parser.epilog = "Exit code 0 if an interpreter works and every bundle given can run here; 1 otherwise."


def run(arguments: argparse.Namespace) -> int:
    machine = this_machine()
    print(f"edge-runtime {__version__} on {machine.system}")
    print(f"  {GOOD} Python {machine.python}, numpy {numpy.__version__}, Pillow {PIL.__version__}")
    print(f"  {GOOD} {machine.cpus} CPUs, {' '.join(machine.features) or 'no vector unit known'}")
    if machine.memory and machine.available:
        print(f"  {GOOD} memory {size(machine.memory)}, {size(machine.available)} available")
    print("interpreters")
    working = [_interpreter(interpreter) for interpreter in INTERPRETERS]
    print("cameras")
    _cameras()
    usable = [_bundle(path) for path in arguments.bundles]
    if not any(working):
        raise EdgeError("no interpreter works here; install one of the above")
    if not all(usable):
        raise EdgeError(f"{usable.count(False)} of {len(usable)} bundles cannot run here")
    return 0


def _interpreter(interpreter: Interpreter) -> bool:
    """Prints a line about an interpreter and returns whether it imports."""
    if not interpreter.installed:
        missing = "not needed, another one reads it" if readable(interpreter.format) else _remedy(interpreter)
        print(f"  {MISSING} {interpreter.package} (.{interpreter.format}) is not installed: {missing}")
        return False
    try:
        version = importlib.import_module(interpreter.module).__version__
    except (ImportError, AttributeError) as error:
        print(f"  {BAD} {interpreter.package} is installed but does not import: {error}")
        return False
    print(f"  {GOOD} {interpreter.package} {version} (.{interpreter.format})")
    return True


def _remedy(interpreter: Interpreter) -> str:
    """Returns what brings an interpreter here."""
    return f"another image, made with --interpreter {interpreter.extra}" if is_image() else interpreter.advice


def _cameras() -> None:
    """Prints a line about OpenCV and one for each camera; neither is needed for pictures in files."""
    if importlib.util.find_spec("cv2") is None:
        remedy = "another image, made with --camera" if is_image() else f"pip install {camera.PACKAGE}"
        print(f"  {MISSING} {camera.PACKAGE} is not installed: needed for cameras and videos alone, {remedy}")
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


def _bundle(path: Path) -> bool:
    """Prints a line for each variant of a bundle and returns whether one of them judges here as at export."""
    print(f"bundle {path}")
    try:
        bundle = open_bundle(path)
    except EdgeError as error:
        print(f"  {BAD} {error}")
        return False
    print(f"  {GOOD} {bundle.title}, every digest right")
    try:
        chosen = fastest(bundle, bundle.manifest.variants).name
    except EdgeError:
        chosen = ""  # none: each says below why
    usable = [_variant(bundle, variant.name, variant.name == chosen) for variant in bundle.manifest.variants]
    return any(usable)


def _variant(bundle: Bundle, name: str, chosen: bool) -> bool:
    try:
        proof = prove(bundle, load_classifier(bundle, name, threads=1))
    except InterpreterMissing:
        print(f"  {MISSING} {name}: no interpreter for it is installed")
        return False
    except EdgeError as error:
        print(f"  {BAD} {name}: {error}")
        return False
    mark = GOOD if proof.passed else BAD
    verdict = "judges as at export" if proof.passed else f"differs by {proof.largest_difference:.3f}, do not use it"
    auto = "  <- --variant auto" if chosen else ""
    print(f"  {mark} {name}: {verdict}, {proof.latency * 1e3:.2f} ms a picture{auto}")
    return proof.passed
