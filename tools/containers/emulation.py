"""Lets this machine run programs of other processors, for tests of images made for boards.

The kernel hands such programs to QEMU, from Debian 13 whatever this machine's release is: under Debian 12's QEMU 7.2
ai-edge-litert 2.2 and 2.3 crash. It is registered under names of its own for as long as it is needed; what the machine
has set up itself stays as it is.
"""

from __future__ import annotations

import contextlib
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.choices import Failure
from tools.containers.suite import cache, unpack

SUITE = "trixie"
BINFMT = Path("/proc/sys/fs/binfmt_misc")
# The beginning of an ELF file for the processor, and which bits of it matter: class, byte order, e_type, e_machine.
ELF = {
    "aarch64": (
        r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00",
        r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff",
    ),
    "arm": (
        r"\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00",
        r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff",
    ),
}
# QEMU 7.2's default processor gave wrong int8 results without an error; a Raspberry Pi 4 is a Cortex-A72.
CPU = {"QEMU_CPU": "cortex-a72"}


@contextlib.contextmanager
def emulated() -> Iterator[None]:
    """Registers 64-bit and 32-bit ARM while the block runs; does nothing on a machine that is ARM itself.

    Raises:
        Failure: QEMU cannot be had, or the kernel refuses.
    """
    if platform.machine() in ("aarch64", "arm64"):
        yield
        return
    programs = qemu()
    if not (BINFMT / "register").exists():
        done = subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(BINFMT)], check=False)
        if done.returncode:
            raise Failure(f"{BINFMT} cannot be mounted; emulation needs root and a kernel with binfmt_misc")
    try:
        for processor, (magic, mask) in ELF.items():
            remove(processor)
            # F: the kernel opens QEMU now, so that containers need not have it. The newest entry is asked first.
            entry = f":{name(processor)}:M::{magic}:{mask}:{programs / f'qemu-{processor}'}:F"
            try:
                (BINFMT / "register").write_text(entry)
            except OSError as error:
                raise Failure(f"the kernel does not take QEMU for {processor}: {error.strerror}") from error
        yield
    finally:
        for processor in ELF:
            remove(processor)


def name(processor: str) -> str:
    return f"edge-kit-{processor}"


def remove(processor: str) -> None:
    entry = BINFMT / name(processor)
    if entry.exists():
        entry.write_text("-1")


def qemu() -> Path:
    """Returns the directory with QEMU's two programs; the package holds thirty more, 450 MB."""
    place = cache() / f"qemu-{SUITE}"
    if not all((place / f"qemu-{processor}").is_file() for processor in ELF):
        with tempfile.TemporaryDirectory(prefix="qemu-") as scratch:
            content = Path(scratch) / "content"
            unpack(SUITE, ["qemu-user"], content)
            place.mkdir(parents=True, exist_ok=True)
            for processor in ELF:
                shutil.copy(content / "usr/bin" / f"qemu-{processor}", place / f".qemu-{processor}")
                (place / f".qemu-{processor}").rename(place / f"qemu-{processor}")
    return place
