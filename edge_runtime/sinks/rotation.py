"""Files that make room for newer ones: ``results.jsonl`` becomes ``results.1.jsonl``, that ``results.2.jsonl``, …"""

import os
import re
from pathlib import Path


def rotate(path: Path, keep: int) -> None:
    """Renames a file and those it has replaced before; what is older than the last `keep` is removed.

    Raises:
        OSError: The directory is not writable. Each step leaves whole files: the next call goes on.
    """
    pattern = re.compile(re.escape(path.stem) + r"\.([1-9]\d{0,5})" + re.escape(path.suffix))
    there = {int(match[1]) for name in os.listdir(path.parent) if (match := pattern.fullmatch(name))}
    for number in sorted(there, reverse=True):
        if number >= keep:
            numbered(path, number).unlink()
        else:
            numbered(path, number).replace(numbered(path, number + 1))
    if path.exists():
        path.replace(numbered(path, 1))


def numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.{number}{path.suffix}")
