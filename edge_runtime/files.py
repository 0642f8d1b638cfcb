"""Files and directories that appear whole or not at all."""

import contextlib
import ctypes
import fcntl
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

RENAME_EXCHANGE = 2  # linux/fs.h
AT_FDCWD = -100  # linux/fcntl.h
PARTIAL = ".partial"


def write_atomically(path: Path, content: bytes) -> None:
    """Writes `content` to `path`, so that a reader sees the old file or the new one; makes the directories above it.

    Raises:
        OSError: The disk is full or the directory is not writable; `path` is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_replaced(path) as file:
        file.write(content)


@contextlib.contextmanager
def file_replaced(path: Path) -> Iterator[BinaryIO]:
    """Gives a file to write that takes the place of `path` when the block ends well; after an error it is removed."""
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PARTIAL)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o644)  # mkstemp gives 0600, which other users of the device could not read
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        os.unlink(partial)
        raise


@contextlib.contextmanager
def directory_replaced(target: Path) -> Iterator[Path]:
    """Gives an empty directory beside `target` that takes its place when the block ends well.

    After an error or Ctrl-C inside the block the new directory is removed and `target` is as it was. What a killed
    process left of an earlier attempt is removed first. A link at `target` stays: what it leads to is replaced.
    """
    target = Path(os.path.realpath(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(target)
    fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}.", suffix=PARTIAL))
    held = os.open(fresh, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_SH)  # ends with this process, however it ends: see _remove_abandoned
        fresh.chmod(0o755)
        yield fresh
        for path in fresh.rglob("*"):
            if path.is_file():
                _flush(path)
        if target.exists():
            _exchange(fresh, target)
        else:
            fresh.rename(target)
        _flush(target.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        os.close(held)


def _remove_abandoned(target: Path) -> None:
    """Removes the unfinished directories for `target` that no living process holds."""
    for path in target.parent.glob(f".{glob.escape(target.name)}.*{PARTIAL}"):
        with contextlib.suppress(OSError):  # held by another process, or gone in the meantime
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
            finally:
                os.close(handle)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _exchange(fresh: Path, target: Path) -> None:
    """Swaps two directories in one step where the kernel and the file system can, else in two renames."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.renameat2(AT_FDCWD, os.fsencode(fresh), AT_FDCWD, os.fsencode(target), RENAME_EXCHANGE) == 0:
            return
    aside = fresh.with_suffix(".previous")
    target.rename(aside)
    try:
        fresh.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    shutil.rmtree(aside)
