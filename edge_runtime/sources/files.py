"""Pictures that lie on disk: files, directories and globs."""

import glob
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from edge_runtime.closing import NothingToClose
from edge_runtime.errors import UsageError
from edge_runtime.preprocess import SUFFIXES
from edge_runtime.sources import Frame


def expand(patterns: Sequence[str]) -> list[Path]:
    """Returns the pictures that files, directories (with all below them) and globs stand for, each path once.

    In the order given, and sorted within a directory or glob. A file is taken whatever its suffix; from directories and
    globs only what has a picture's, and nothing hidden.

    Raises:
        UsageError: A path does not exist, or a directory or glob holds no picture.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        if not pattern:  # the empty path would be the current directory: an unset variable in a script
            raise UsageError("an empty path names nothing; a file, directory or glob expected")
        path = Path(pattern).expanduser()
        if path.is_dir():
            pictures = _pictures(below for below in path.rglob("*") if not _is_hidden(below.relative_to(path)))
            if not pictures:
                raise UsageError(f"{pattern}: no picture in this directory ({', '.join(SUFFIXES)})")
        elif path.exists():
            pictures = [path]
        elif glob.has_magic(pattern):
            pictures = _pictures(Path(match) for match in glob.iglob(str(path), recursive=True))
            if not pictures:
                raise UsageError(f"{pattern}: no picture matches")
        else:
            raise UsageError(f"{pattern}: no such file or directory")
        found.update(dict.fromkeys(pictures))
    return list(found)


def folder_name(label: str) -> str:
    """Returns what a directory with pictures of `label` is called: a slash cannot be part of its name."""
    return label.replace("/", "_")


def is_picture(path: Path) -> bool:
    """Tells by name whether a file may be a picture that is complete: hidden files are not."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _pictures(paths: Iterator[Path]) -> list[Path]:
    return sorted(path for path in paths if is_picture(path) and path.is_file())


class FileSource(NothingToClose):
    """Yields each file once, in order."""

    live = False

    def __init__(self, address: str, paths: Sequence[Path], now: Callable[[], float] = time.time) -> None:
        self.address = address
        self._paths = paths
        self._now = now

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        for number, path in enumerate(self._paths):
            if stop.is_set():
                return
            yield Frame(self.address, number, self._now(), path)
