"""Where sinks and commands write: whether they could, the one directory that they make, and why they could not.

One directory is made, the last on the way. Where more are missing the path is a mistake in typing, or a disk that is
not mounted: results would go where nobody looks for them.
"""

import errno
import os
import pwd
import shlex
from pathlib import Path

from edge_runtime.errors import SinkError

FULL = (errno.ENOSPC, errno.EDQUOT)


def unwritable_file(path: Path) -> str:
    """Returns why a file cannot be written, and what to do, as the rest of a sentence; nothing if it can."""
    if os.path.isdir(path):
        return "it is a directory; name a file in it"
    if os.path.exists(path):
        return "" if os.access(path, os.W_OK) else f"{_user()} may not write it; name another file"
    return unwritable_directory(path.parent)


def unwritable_directory(path: Path) -> str:
    """Returns the same of a directory that is there or would be made."""
    if reason := no_way_to(path):
        return reason
    there, _ = _there(path)
    if not os.access(there, os.W_OK | os.X_OK):
        return f"{_user()} may not write into {there}; allow it, or name another place"
    return ""


def no_way_to(path: Path) -> str:
    """Returns why a directory is neither there nor would be made, whoever asks; nothing where it is or would be."""
    there, missing = _there(path)
    if not there.is_dir():
        return f"{there} is a file, where a directory is wanted; name another place"
    if len(missing) > 1 and os.access(there, os.X_OK):
        advice = f"mend the path, or make it: mkdir -p {shlex.quote(str(path.absolute().parent))}"
        return f"there is no directory {missing[-1]}; {advice}"
    return ""


def make_directory(path: Path) -> None:
    """Makes a directory in one that is there; one that is there itself stays.

    Raises:
        OSError: It cannot be made; `unwritable_directory` says why.
    """
    path.mkdir(exist_ok=True)


def unwritten(address: str, error: OSError, because: str, again: str) -> SinkError:
    """Returns what a sink raises when it could not write.

    Args:
        address: The sink's.
        error: What the system said.
        because: What `unwritable_file` or `unwritable_directory` says now.
        again: What comes once a full disk has room, as in "results are written again".
    """
    if error.errno in FULL:
        return SinkError(f"{address}: cannot be written: the disk is full; {again} once there is room")
    return SinkError(f"{address}: cannot be written: {because or error.strerror or error}")


def _there(path: Path) -> tuple[Path, list[Path]]:
    """Returns the last place on the way to a directory that is there, and those behind it, the first one last."""
    path = path.absolute()
    # os.path: what may not be looked at is as good as missing, where Path.exists raises before Python 3.14.
    missing = [above for above in (path, *path.parents) if not os.path.exists(above)]
    return (missing[-1].parent if missing else path), missing


def _user() -> str:
    try:
        return f"user {pwd.getpwuid(os.geteuid()).pw_name}"
    except KeyError:  # as in a container that was given a number
        return f"user {os.geteuid()}"
