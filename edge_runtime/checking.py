"""What sources and sinks can tell before they are entered, for `run --check`. It changes nothing."""

import os
from pathlib import Path
from typing import Protocol, runtime_checkable


@runtime_checkable
class Checking(Protocol):
    """Something that knows whether it could be entered now."""

    def check(self) -> None:
        """Raises EdgeError if it could not."""


def unwritable_file(path: Path) -> str:
    """Returns why a file cannot be written, as the rest of a sentence; nothing if it can."""
    if path.is_dir():
        return "it is a directory"
    if path.exists():
        return "" if os.access(path, os.W_OK) else "no permission to write it"
    return unwritable_directory(path.parent)


def unwritable_directory(path: Path) -> str:
    """Returns why nothing can be written into a directory that is there or would be made; nothing if it can."""
    there = next(above for above in (path, *path.absolute().parents) if above.exists())
    if not there.is_dir():
        return f"{there} is no directory"
    return "" if os.access(there, os.W_OK | os.X_OK) else f"no permission to write into {there}"
