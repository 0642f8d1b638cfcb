"""Interpreters that are not the kit's own: other versions, other processors, other kernels.

Each version gets an environment of its own from pip. Another processor is QEMU's: an older x86-64 runs this very
environment, 64-bit ARM a Debian of 60 MB that is unpacked, not installed, with wheels beside it. No root, no container.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.console import say
from tools.benchmarks.beside_mediapipe import environment
from tools.choices import Failure
from tools.containers.emulation import qemu
from tools.containers.suite import unpack

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).parent / "tolerance_worker.py"
ARM = "cortex-a72"  # a Raspberry Pi 4; QEMU 7.2's own default gave wrong int8 results without an error
# What Python 3.11 needs of Debian 12, and what wheels expect of every system.
DEBIAN = (
    *("libc6", "libgcc-s1", "libstdc++6", "libgomp1", "zlib1g", "libexpat1", "libffi8", "libssl3", "libbz2-1.0"),
    *("liblzma5", "libuuid1", "libpython3.11-minimal", "libpython3.11-stdlib", "python3.11-minimal"),
)
WHEELS = ("manylinux_2_34_aarch64", "manylinux_2_28_aarch64", "manylinux_2_27_aarch64", "manylinux2014_aarch64")
LIMIT = 580.0  # seconds for one variant in one setting


@dataclass(frozen=True)
class Setting:
    """One way to run a variant.

    Attributes:
        format: Of the variants that it is for.
        packages: What pip installs, separated by blanks; "" for this environment's interpreter.
        processor: As QEMU names it; "" for this machine's.
        threads: The interpreter's.
        kernels: See `tolerance_worker.KERNELS`.
    """

    format: str
    packages: str = ""
    processor: str = ""
    threads: int = 1
    kernels: str = "usual"

    @property
    def name(self) -> str:
        """For people, as ``ai-edge-litert 2.0.3, cortex-a72``."""
        first = self.packages.partition(" ")[0].replace("==", " ") or "as at export"
        threads = f"{self.threads} threads" if self.threads > 1 else ""
        kernels = "" if self.kernels == "usual" else f"{self.kernels} kernels"
        return ", ".join(part for part in (first, self.processor, threads, kernels) if part)

    @property
    def slow(self) -> bool:
        """Whether a picture takes 10 to 500 times as long as usual."""
        return bool(self.processor) or self.kernels == "reference"


SETTINGS = (
    Setting("tflite", threads=2),
    Setting("tflite", threads=4),
    Setting("tflite", kernels="builtin"),
    Setting("tflite", kernels="reference"),
    Setting("tflite", processor="Haswell"),  # AVX2, no AVX-512 and no VNNI
    Setting("tflite", processor="SandyBridge"),  # AVX alone: a mini PC of 2011
    Setting("tflite", "ai-edge-litert==2.0.3"),
    Setting("tflite", "ai-edge-litert==1.4.0"),
    Setting("tflite", "ai-edge-litert==1.4.0", kernels="builtin"),
    Setting("tflite", "tflite-runtime==2.14.0 numpy<2"),
    Setting("tflite", "tflite-runtime==2.14.0 numpy<2", kernels="builtin"),
    Setting("tflite", "ai-edge-litert==2.3.0", ARM),
    Setting("tflite", "ai-edge-litert==2.3.0", ARM, kernels="builtin"),
    Setting("tflite", "ai-edge-litert==2.3.0", "cortex-a76"),  # a Raspberry Pi 5: dot products of int8
    Setting("tflite", "ai-edge-litert==1.4.0", ARM),
    Setting("tflite", "tflite-runtime==2.14.0 numpy<2", ARM),
    Setting("onnx", threads=2),
    Setting("onnx", threads=4),
    Setting("onnx", kernels="plain"),
    Setting("onnx", processor="Haswell"),
    Setting("onnx", processor="SandyBridge"),
    Setting("onnx", "onnxruntime==1.17.3 numpy<2"),
    Setting("onnx", "onnxruntime==1.31.1", ARM),
    Setting("onnx", "onnxruntime==1.31.1", "cortex-a76"),
    Setting("onnx", "onnxruntime==1.17.3 numpy<2", ARM),
)


def scores(setting: Setting, model: Path, pixels: Path, target: Path, place: Path) -> None:
    """Has `model` judge the pictures of `pixels` in a process of its own, and its scores written to `target`.

    Args:
        setting: How.
        model: A variant's file.
        pixels: See `tolerance_worker`.
        target: Likewise.
        place: Where environments are kept.

    Raises:
        Failure: The setting cannot be had here, or does not take the file; the text says which.
    """
    began, surroundings = command(setting, place)
    options = ["--threads", str(setting.threads), "--kernels", setting.kernels]
    words = [*began, str(WORKER), str(model), str(pixels), str(target), *options]
    try:
        done = subprocess.run(words, env=surroundings, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"did not end within {LIMIT:.0f} s") from error
    if done.returncode:
        lines = [line for line in done.stderr.strip().splitlines() if "warning: TCG" not in line] or ["it says nothing"]
        raise Failure(f"exit {done.returncode}: {lines[-1][-150:]}")


def command(setting: Setting, place: Path) -> tuple[list[str], dict[str, str]]:
    """Returns how Python begins in a setting, and its environment; makes what is missing of it.

    Raises:
        Failure: It cannot be had.
    """
    surroundings = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    if setting.processor.startswith("cortex"):
        root = place / "debian-arm64"
        if not root.is_dir():
            say("tolerances: unpacking a Debian for 64-bit ARM")
            unpack("bookworm", DEBIAN, root, architecture="arm64")
        surroundings["PYTHONPATH"] += f":{wheels(place, setting.packages)}"
        emulator = [str(qemu() / "qemu-aarch64"), "-cpu", setting.processor, "-L", str(root)]
        return [*emulator, str(root / "usr/bin/python3.11")], surroundings
    try:
        own = environment(place / _folder(setting.packages), *setting.packages.split()) if setting.packages else None
    except RuntimeError as error:
        raise Failure(str(error)) from error
    python = [str(own or sys.executable)]
    if not setting.processor:
        return python, surroundings
    emulator_path = shutil.which("qemu-x86_64-static") or shutil.which("qemu-x86_64")
    if not emulator_path:
        raise Failure("qemu-x86_64 is not installed: sudo apt install qemu-user-static")
    return [emulator_path, "-cpu", setting.processor, *python], surroundings


def wheels(place: Path, packages: str) -> Path:
    """Returns the directory with `packages` for 64-bit ARM; pip fetches them the first time.

    Raises:
        Failure: It cannot.
    """
    target = place / f"{_folder(packages)}-arm64"
    if not (target / "complete").exists():
        say(f"tolerances: fetching {packages} for 64-bit ARM")
        pip = [sys.executable, "-m", "pip", "install", "-q", "--upgrade", "--target", str(target)]
        pip += ["--only-binary", ":all:", "--python-version", "3.11"]
        for platform in WHEELS:
            pip += ["--platform", platform]
        made = subprocess.run([*pip, *packages.split()], capture_output=True, text=True, check=False)
        if made.returncode:
            raise Failure(f"{packages} for 64-bit ARM cannot be had: {made.stderr.strip()[-200:]}")
        (target / "complete").touch()
    return target


def _folder(packages: str) -> str:
    return packages.partition(" ")[0].replace("==", "-")
