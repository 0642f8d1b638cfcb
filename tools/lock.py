"""Writes locks/*.txt: for each need the exact versions and their hashes, resolved once for every supported machine.

    python3 -m tools.lock              keep the versions as far as pyproject.toml allows
    python3 -m tools.lock --upgrade    take the newest versions that it allows

Does not install anything but uv, into an environment of its own that is thrown away.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import choices, installing

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "locks"
X86_LINUX = "platform_machine == 'x86_64' and sys_platform == 'linux'"
EVERY_MACHINE = (
    "((platform_machine == 'arm64' and sys_platform == 'darwin') or "
    f"(platform_machine == 'aarch64' and sys_platform == 'linux') or ({X86_LINUX}))"
)


@dataclass(frozen=True)
class Lock:
    """One file: the groups it installs, or the project's own dependencies with these extras."""

    name: str
    groups: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    only_x86: bool = False
    old_boards: bool = False

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.txt"

    @property
    def machines(self) -> str:
        if self.old_boards:
            return "CPython 3.11 on Linux (x86-64, aarch64)"
        others = "" if self.only_x86 else ", aarch64) and macOS (arm64"
        return f"CPython 3.11 to 3.13 on Linux (x86-64{others})"

    @property
    def needs(self) -> str:
        parts = [f"group {group}" for group in self.groups] + [f"extra {extra}" for extra in self.extras]
        return ", ".join(parts)


EVERYTHING = ("jax-cpu", "train", "export", "test", "lint")
TELLING = ("mqtt", "http")  # 1.5 MB without anything that is compiled: every device gets them
ON_DEVICES = ("litert", "onnx", "camera", *TELLING)
LOCKS = (
    Lock("development", ("tensorflow-cpu", *EVERYTHING), ON_DEVICES),  # first: its versions bind the others
    Lock("development-gpu", ("tensorflow-gpu", *EVERYTHING), ON_DEVICES, only_x86=True),
    Lock("train", ("tensorflow-cpu", "train")),
    Lock("train-gpu", ("tensorflow-gpu", "train"), only_x86=True),
    Lock("train-jax", ("jax-cpu", "train")),
    Lock("train-jax-gpu", ("jax-gpu", "train"), only_x86=True),
    Lock("export", ("tensorflow-cpu", "export")),
    Lock("build", ("build",)),
    Lock("test", ("test",)),
    Lock("lint", ("lint",)),
    Lock("edge-litert", extras=("litert", *TELLING)),
    Lock("edge-litert-camera", extras=("litert", *TELLING, "camera")),
    Lock("edge-onnx", extras=("onnx", *TELLING)),
    Lock("edge-tflite", extras=("tflite", *TELLING), old_boards=True),
    Lock("edge-signed", extras=("signed",)),  # beside one of these, see tools/delivery/target.py
)


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirements_digest(tables: Mapping[str, Any]) -> str:
    """The sha256 of all that decides what a lock holds; a lock with another one in its header is stale."""
    decisive = [
        tables["project"]["requires-python"],
        tables["project"]["dependencies"],
        tables["project"]["optional-dependencies"],
        tables["dependency-groups"],
        tables["tool"]["uv"],
    ]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def header(lock: Lock, digest: str) -> str:
    return (
        f"# {lock.needs}\n"
        f"# For {lock.machines}.\n"
        f"# pip install --require-hashes --only-binary :all: -r locks/{lock.path.name}\n"
        f"# Written by `make lock`; requirements sha256:{digest}\n"
    )


def without_common_markers(lock: Lock, text: str) -> str:
    """Drops "on a supported machine" from every line: elsewhere pip must fail by name, not install nothing."""
    for clause in (" and platform_python_implementation == 'CPython'", "python_full_version < '3.14' and "):
        text = text.replace(clause, "")
    for marker in (EVERY_MACHINE, X86_LINUX) if lock.only_x86 else (EVERY_MACHINE,):
        text = text.replace(f" ; {marker} \\\n", " \\\n")
    return text


def compile_lock(uv: Path, lock: Lock, folder: Path, upgrade: bool) -> str:
    """Returns what uv resolved, without a header."""
    output = folder / lock.path.name
    if lock.path.exists() and not upgrade:
        shutil.copyfile(lock.path, output)  # uv keeps the versions it finds there
    command = [str(uv), "pip", "compile", "--quiet", "--python-version", "3.11"]
    # tflite-runtime has no wheel after 3.11; its dependencies carry no markers, so what x86-64 gets serves aarch64.
    command += ["--python-platform", "x86_64-manylinux_2_34"] if lock.old_boards else ["--universal"]
    # One version of each package for all Pythons, so that a fault seen on one is the fault of the others.
    command += ["--fork-strategy", "fewest", "--generate-hashes", "--only-binary", ":all:"]
    command += [
        "--no-header",
        "--no-annotate",
        "--no-emit-index-url",
        "--no-emit-find-links",
        "--no-emit-build-options",
    ]
    for group in lock.groups:
        command += ["--group", group]
    for extra in lock.extras:
        command += ["--extra", extra]
    if not lock.old_boards and lock is not LOCKS[0]:
        command += ["--constraints", str(folder / LOCKS[0].path.name)]
    if lock.extras:
        command.append("pyproject.toml")
    subprocess.run([*command, "--output-file", str(output)], cwd=ROOT, check=True)
    return output.read_text(encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tools.lock", description="Write locks/*.txt from pyproject.toml.")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that pyproject.toml allows")
    arguments = parser.parse_args()
    tables = project()
    digest = requirements_digest(tables)
    with tempfile.TemporaryDirectory(prefix="lock-") as scratch:
        folder = Path(scratch)
        try:
            python = installing.create(folder / "uv")
            installing.pip(python, "install", *tables["dependency-groups"]["lock"])
            texts = {lock: compile_lock(python.with_name("uv"), lock, folder, arguments.upgrade) for lock in LOCKS}
        except choices.Failure as error:
            print(f"lock: {error}", file=sys.stderr)
            return 1
        except subprocess.CalledProcessError as error:
            print(f"lock: uv gave up (exit {error.returncode}); no lock was changed", file=sys.stderr)
            return 1
    FOLDER.mkdir(exist_ok=True)
    for lock, text in texts.items():
        lock.path.write_text(header(lock, digest) + without_common_markers(lock, text), encoding="utf-8")
        print(f"{lock.path.relative_to(ROOT)}: {len(re.findall('^[a-z0-9]', text, flags=re.MULTILINE))} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
