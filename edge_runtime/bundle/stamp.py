"""Whether another bundle lies in a place, seen without opening it."""

import contextlib
from pathlib import Path

from edge_runtime.bundle.manifest import FILE_NAME

Stamp = tuple[str, int, int, int] | None


def stamp(directory: Path) -> Stamp:
    """Returns what changes when another bundle lies there; None where there is none."""
    with contextlib.suppress(OSError):
        manifest = (directory / FILE_NAME).resolve()
        status = manifest.stat()
        return str(manifest), status.st_ino, status.st_mtime_ns, status.st_size
    return None
