"""Pictures that lie on disk: files, directories and globs."""

import glob
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from edge_runtime.closing import NothingToClose
from edge_runtime.errors import SourceError, UsageError
from edge_runtime.preprocess import SUFFIXES
from edge_runtime.sources import Frame

LOST = "lost+found"  # at the top of every ext4 disk, for root alone: what a repair of the disk found


def expand(patterns: Sequence[str]) -> list[Path]:
    """Returns the pictures that files, directories (with all below them) and globs stand for, each path once.

    In the order given, and sorted within a directory or glob. A file is taken whatever its suffix; from directories and
    globs only what has a picture's, and nothing hidden.

    Raises:
        UsageError: A path is empty.
        SourceError: A path does not exist, a directory or glob holds no picture, or what is there may not be read.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        if not pattern:  # the empty path would be the current directory: an unset variable in a script
            raise UsageError("an empty path names nothing; a file, directory or glob expected")
        path = Path(pattern).expanduser()
        try:
            is_dir = stat.S_ISDIR(path.stat().st_mode)
            there = True
        except (FileNotFoundError, NotADirectoryError):
            is_dir = there = False
        except OSError as error:
            raise _unreadable(pattern, error) from error
        if is_dir:
            pictures = _pictures(_below(path))
            if not pictures:
                raise SourceError(f"{pattern}: no picture in this directory ({', '.join(SUFFIXES)})")
        elif there:
            pictures = [path]
        elif glob.has_magic(pattern):
            pictures = _pictures(Path(match) for match in glob.iglob(str(path), recursive=True))
            if not pictures:
                raise SourceError(f"{pattern}: no picture matches")
        else:
            raise SourceError(f"{pattern}: no such file or directory")
        found.update(dict.fromkeys(pictures))
    return list(found)


def folder_name(label: str) -> str:
    """Returns what a directory with pictures of `label` is called: a slash cannot be part of its name."""
    return label.replace("/", "_")


def is_picture(path: Path) -> bool:
    """Tells by name whether a file may be a picture that is complete: hidden files are not."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _below(directory: Path) -> Iterator[Path]:
    """Yields every visible file below a directory. A directory that may not be read is an error, not an empty one."""

    def refused(error: OSError) -> None:
        raise _unreadable(str(error.filename), error) from error

    for place, folders, files in os.walk(directory, onerror=refused):
        folders[:] = [name for name in folders if not name.startswith(".") and name != LOST]
        yield from (Path(place, name) for name in files if not name.startswith("."))


def _unreadable(named: str, error: OSError) -> SourceError:
    return SourceError(f"{named}: cannot be read: {error.strerror or error}")


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
