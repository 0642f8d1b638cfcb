"""Whether another bundle lies in a place, or the same one with another signature, seen without opening it."""

import contextlib
from pathlib import Path

from edge_runtime.bundle.manifest import FILE_NAME, SIGNATURE

Stamp = tuple[object, ...] | None


def stamp(directory: Path) -> Stamp:
    """Returns what changes when another bundle lies there, or when it is signed; None where there is none."""
    with contextlib.suppress(OSError):
        manifest = (directory / FILE_NAME).resolve()
        return str(manifest), *_version(manifest), *_signature(directory)
    return None


def _signature(directory: Path) -> tuple[int, ...]:
    with contextlib.suppress(OSError):
        return _version(directory / SIGNATURE)
    return ()


def _version(path: Path) -> tuple[int, ...]:
    status = path.stat()
    return status.st_ino, status.st_mtime_ns, status.st_size
