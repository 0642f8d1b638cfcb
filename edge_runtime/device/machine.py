"""What this machine is: read from /proc and /sys, unknown where they are silent."""

import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.device.cpus import usable_cpus

# What interpreters' kernels look for: x86-64 vector units, ARM's NEON with its dot product and int8 matrix product.
USEFUL = ("avx", "avx2", "avx512f", "avx512_vnni", "avx_vnni", "neon", "asimd", "asimddp", "i8mm", "sve")


@dataclass(frozen=True)
class Machine:
    """Facts about this machine.

    Attributes:
        system: Operating system and architecture.
        python: Version of Python.
        cpus: How many CPUs this process may use, a container's quota included.
        features: Vector units that interpreters make use of.
        memory: Bytes of memory, or of the container's limit when that is less; None if unknown.
        available: Bytes that can be had now; None if unknown.
    """

    system: str
    python: str
    cpus: int
    features: tuple[str, ...]
    memory: int | None
    available: int | None


def this_machine() -> Machine:
    """Returns what can be read about this machine."""
    name = platform.freedesktop_os_release().get("PRETTY_NAME", "") if Path("/etc/os-release").exists() else ""
    meminfo = read(Path("/proc/meminfo"))
    limit = read(Path("/sys/fs/cgroup/memory.max")).strip()
    total = memory_of(meminfo, "MemTotal")
    if limit.isdigit():
        total = min(int(limit), total) if total else int(limit)
    return Machine(
        system=" ".join(filter(None, (name, platform.system(), platform.machine()))),
        python=sys.version.split()[0],
        cpus=usable_cpus(),
        features=features_of(read(Path("/proc/cpuinfo"))),
        memory=total,
        available=memory_of(meminfo, "MemAvailable"),
    )


def features_of(cpuinfo: str) -> tuple[str, ...]:
    """Returns which of `USEFUL` the text of /proc/cpuinfo names, in that order."""
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip().lower() in ("flags", "features"):
            named = set(value.split())
            return tuple(feature for feature in USEFUL if feature in named)
    return ()


def memory_of(meminfo: str, key: str) -> int | None:
    """Returns a figure of the text of /proc/meminfo in bytes."""
    for line in meminfo.splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return int(value.split()[0]) * 1024
    return None


def read(path: Path) -> str:
    """Returns a file's text, or nothing where there is none."""
    try:
        return path.read_text()
    except OSError:
        return ""
