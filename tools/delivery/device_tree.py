"""The directory a device runs from: interpreter, kit and launcher. Images, the .deb and `make deploy` share it.

    python3 -m tools.delivery.device_tree packages --machine linux/arm64 --python 3.11 --out TREE
    python3 -m tools.delivery.device_tree kit --wheel dist/edge_runtime-*.whl --out TREE

It is made for another machine and another Python than the one that makes it, without emulation: pip only unpacks
wheels, chosen by tag and checked against the lock. Standard library only: a bare Debian with python3-pip runs it.

    TREE/lib/               numpy, Pillow and one interpreter, without what a device never reads
    TREE/kit/               edge_runtime
    TREE/bin/edge-runtime   the command
"""

from __future__ import annotations

import argparse
import compileall
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.delivery.target import INTERPRETERS, Target, TreeError, target

LIB, KIT = "lib", "kit"
OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
# Of Debian 12's glibc 2.36; a wheel for an older one runs too. pip takes each tag by itself and none that it implies.
PLATFORMS = ("manylinux2014", *(f"manylinux_2_{minor}" for minor in range(36, 16, -1)))

# What a device never reads, 30 % of what the wheels hold. The golden samples are classified with what is left.
USELESS = (
    "**/tests",  # numpy's own, 15 MB
    "**/*.pyi",
    "numpy/f2py",  # for C and Fortran code
    "numpy/_core/include",
    "numpy/_core/lib",
    "numpy/random/lib",
    "ai_edge_litert/aot",  # compilers for vendors' accelerators
    "ai_edge_litert/tools",
    "ai_edge_litert/vendors",
    "ai_edge_litert/libLiteRtWebGpuAccelerator.so",  # 19 MB on x86-64; the kit judges on the CPU
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "cv2/data",  # face detectors
    "PIL/_avif.*",  # 5 MB with its library; no suffix that the kit knows is AVIF's
    "pillow.libs/libavif-*",
    "PIL/_imagingtk.*",
)

# -I: neither the caller's environment nor the current directory decides which code runs.
LAUNCHER = """#!/usr/bin/python3 -I
import os
import sys

tree = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path[:0] = [tree + "/kit", tree + "/lib"]
from edge_runtime.commands.main import main

sys.exit(main())
"""


def install_packages(wanted: Target, tree: Path) -> None:
    """Unpacks what the locks name into ``tree/lib`` and leaves out what a device never reads.

    Raises:
        TreeError: pip failed; it has said why.
    """
    lib = tree / LIB
    platforms = [word for tag in PLATFORMS for word in ("--platform", f"{tag}_{wanted.machine.uname}")]
    with tempfile.TemporaryDirectory(prefix="lock-") as scratch:
        lock = Path(scratch) / "lock.txt"
        lock.write_text(wanted.requirements, "utf-8")
        pip(
            *("install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", str(lock)),
            *("--implementation", "cp", "--python-version", wanted.python, *platforms, "--target", str(lib)),
        )
    for path in sorted(useless(lib)):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    shutil.rmtree(lib / "bin", ignore_errors=True)  # numpy-config and the like


def install_kit(wheel: Path, tree: Path) -> None:
    """Unpacks the kit's wheel into ``tree/kit`` and writes the launcher.

    Raises:
        TreeError: There is no such wheel.
    """
    try:
        # Not by pip, which would note down where the wheel lay: the same wheel gives the same files.
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(tree / KIT)
    except (OSError, zipfile.BadZipFile) as error:
        raise TreeError(f"{wheel}: not a wheel that can be read: {error}") from error
    launcher = tree / "bin" / "edge-runtime"
    launcher.parent.mkdir(parents=True, exist_ok=True)
    launcher.write_text(LAUNCHER, encoding="utf-8")
    launcher.chmod(0o755)


def compile_all(tree: Path, shown_as: str) -> None:
    """Compiles every module for the Python that runs this, which must be the device's.

    Args:
        tree: Where the modules are.
        shown_as: Where they will be, for tracebacks.

    Raises:
        TreeError: A module does not compile.
    """
    # Unchecked: the tree is never edited, and a read-only root could not keep what Python would compile anew.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(
        tree, maxlevels=30, quiet=1, invalidation_mode=mode, stripdir=str(tree), prependdir=shown_as
    ):
        raise TreeError(f"{tree}: a module does not compile with this Python")


def useless(lib: Path) -> Iterator[Path]:
    """Yields what is left out."""
    for pattern in USELESS:
        yield from lib.glob(pattern)


def pip(*arguments: str) -> None:
    """Raises TreeError."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    command += ["--quiet", "--no-compile", "--no-warn-script-location", "--root-user-action", "ignore"]
    environment = {name: value for name, value in os.environ.items() if name not in ("PIP_TARGET", "PIP_USER")}
    done = subprocess.run(command, check=False, env=environment, stderr=subprocess.PIPE, text=True, errors="replace")
    for line in done.stderr.splitlines():
        # Said once for every package and every local index that the user's pip is set up with.
        if "is ignored: it is neither a file nor a directory" not in line:
            print(line, file=sys.stderr)
    if done.returncode:
        raise TreeError("pip failed; mend what it says above")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("device_tree", description="Make the directory that a device runs from.")
    commands = parser.add_subparsers(dest="command", required=True)
    packages = commands.add_parser("packages", help="the interpreter and what it needs")
    packages.add_argument("--machine", required=True, metavar="NAME", help="as in linux/arm64, arm64 or aarch64")
    packages.add_argument(
        "--python", default=OWN, metavar="X.Y", help="the device's (default: that of this one, %(default)s)"
    )
    packages.add_argument("--interpreter", choices=INTERPRETERS, default="auto", help="(default: %(default)s)")
    packages.add_argument("--camera", action="store_true", help="with OpenCV")
    packages.add_argument("--signed", action="store_true", help="with what checks signatures")
    kit = commands.add_parser("kit", help="edge_runtime and the launcher")
    kit.add_argument("--wheel", required=True, type=Path, metavar="FILE")
    for command in (packages, kit):
        command.add_argument("--out", required=True, type=Path, metavar="TREE")
        command.add_argument("--compile-for", metavar="DIR", help="compile too, for a tree that will be at DIR")
    arguments = parser.parse_args(argv)
    try:
        if arguments.command == "packages":
            wanted = target(
                arguments.machine, arguments.python, arguments.interpreter, arguments.camera, arguments.signed
            )
            install_packages(wanted, arguments.out)
        else:
            install_kit(arguments.wheel, arguments.out)
        if arguments.compile_for:
            compile_all(arguments.out, arguments.compile_for)
    except TreeError as error:
        print(f"device_tree: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
