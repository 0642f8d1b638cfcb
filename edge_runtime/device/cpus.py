"""How many CPUs this process may use: what the scheduler allows it, and what its container's quota lasts for.

An interpreter with more threads than that is stopped by the kernel in the middle of its work, and gets slower.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")


def usable_cpus() -> int:
    """Returns how many CPUs this process may use, at least 1; a part of one counts as one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota()
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


def cpu_quota(own: Path = OWN, cgroups: Path = CGROUPS) -> float | None:
    """Returns the CPUs that the quotas of this process' control groups amount to; None without any."""
    quotas = []
    for group in groups_of(_text(own)):
        quotas.append(quota_of(_text(cgroups / group / "cpu.max")))  # version 2
        limit, period = (_text(cgroups / group / f"cpu.cfs_{name}_us") for name in ("quota", "period"))  # version 1
        quotas.append(quota_of(f"{limit} {period}"))
    return min((quota for quota in quotas if quota is not None), default=None)


def groups_of(own: str) -> Iterator[Path]:
    """Returns where below /sys/fs/cgroup the quotas of a process stand, given the text of its /proc/PID/cgroup.

    Each group's quota holds for all groups in it. Inside a container the paths are often the host's and lead nowhere;
    the container's own group is then the topmost directory.
    """
    for line in own.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "cpu" not in controllers.split(","):
            continue
        group = Path(path.lstrip("/"))
        for mount in ("cpu", controllers) if controllers else ("", "unified"):
            yield from (Path(mount) / part for part in (group, *group.parents))


def quota_of(text: str) -> float | None:
    """Returns the CPUs of a quota and its period in microseconds, as ``150000 100000``; None for ``max`` or ``-1``."""
    words = text.split()
    if len(words) != 2 or not all(word.isdigit() for word in words) or 0 in map(int, words):
        return None
    return int(words[0]) / int(words[1])


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
