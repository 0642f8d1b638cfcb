"""Which process a number means. Numbers are given out again, and inside a container they mean other processes."""

import os
import signal
from pathlib import Path


def started(pid: int) -> int | None:
    """Returns when a living process was started, in the kernel's ticks since boot; None where it cannot be seen."""
    try:
        return start_of(Path(f"/proc/{pid}/stat").read_text(errors="replace"))
    except OSError:
        return None


def start_of(stat: str) -> int | None:
    """Returns field 22, starttime, of the text of /proc/PID/stat; None for a process that has ended (see proc(5))."""
    fields = stat.rpartition(")")[2].split()  # the name before it, in brackets, may hold spaces and brackets
    if len(fields) < 20 or fields[0] in ("Z", "X", "x"):
        return None
    return int(fields[19])  # field 22: two stand before the bracket, and the first after it is 0


def lives(pid: int, start: int) -> bool:
    """Tells whether the process that was given this number at `start` still lives; at any time, if `start` is 0."""
    if start:
        return started(pid) == start
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's process, but there
        return True
    return True


def end(pid: int, start: int) -> str:
    """Ends the process that was given this number at `start`, and no other, with SIGKILL: it may hear nothing else.

    Returns:
        What has become of it, as the rest of a sentence.
    """
    found = started(pid)
    if found is None:
        return "it is not there any more"
    if not start or found != start:
        return f"it is left alone, because {pid} may be another process here"
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return "it is not there any more"
    except PermissionError:
        return "it belongs to another user and cannot be ended from here"
    return "it was ended with SIGKILL"
