"""The folder that grows: a sub-folder a label, as ``python -m train prepare --dataset folder:FOLDER`` takes it.

A picture is called by when and where it was taken, its frame's number and the beginning of its sha256, as
``20261121T220300.125Z_dev-video0_000007_0123456789ab.jpg``: pictures of several devices and times can lie in one
folder, what was there before is never written over, and the same file or video captured again adds nothing.
"""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from edge_runtime.collecting.names import OURS, stem_of
from edge_runtime.disk import FULL, make_directory, unwritable_directory
from edge_runtime.errors import SinkError
from edge_runtime.files import write_atomically
from edge_runtime.sources import Frame
from edge_runtime.sources.files import is_picture

# What training takes for parts of a dataset, in lower case, with a folder for each label in them.
TRAIN = ("train", "training")
PARTS = (*TRAIN, "val", "valid", "validation", "dev", "test", "testing")
ROOM = 2**26  # bytes that stay free: a device whose disk is full does not log, update or judge any more


class LabelFolders:
    """Writes pictures, each whole or not at all.

    Args:
        root: The folder; it is made where the one above it is there.
        folders: The name of each label's sub-folder.
        free: Returns how many bytes are free on a path's disk.

    Attributes:
        there: How many pictures each label had when this was entered; 0 for a new one.
    """

    def __init__(self, root: Path, folders: Mapping[str, str], free: Callable[[Path], int] | None = None) -> None:
        self.root = root
        self.there: dict[str, int] = {}
        self._folders = folders
        self._free = free or (lambda path: shutil.disk_usage(path).free)
        self._known: dict[str, str] = {}  # digests, and the sub-folder in which they lie

    def prepare(self) -> None:
        """Makes the folder and looks at what is in it.

        Raises:
            SinkError: It cannot be written, or its disk is full.
        """
        if reason := unwritable_directory(self.root):
            raise SinkError(f"{self.root}: cannot be written: {reason}")
        try:
            make_directory(self.root)
            self._check_room(0)
            for folder in self.labels:
                for name in os.listdir(self.root / folder):
                    if met := OURS.fullmatch(name):
                        self._known[met["digest"]] = folder
            for label, folder in self._folders.items():
                place = self.root / folder
                self.there[label] = sum(is_picture(Path(name)) for name in os.listdir(place)) if place.is_dir() else 0
                if place.is_dir() and (reason := unwritable_directory(place)):
                    raise SinkError(f"{place}: cannot be written: {reason}")
        except OSError as error:
            raise self._failed(error) from error

    @property
    def labels(self) -> list[str]:
        """The names of all sub-folders that a label may have, sorted."""
        return sorted(item.name for item in _folders(self.root))

    @property
    def dataset(self) -> Path:
        """The folder that training takes: this one, or the one above where this is a part, as test beside train."""
        place = self.root.absolute()
        try:
            parts = [item for item in _folders(place.parent) if item.name.lower() in PARTS]
            trained = [item for item in parts if item.name.lower() in TRAIN]
            if place not in parts or len(parts) < 2 or not trained or not all(map(_folders, parts)):
                return self.root
            # A label may be called train too, beside bus and tram: its folder holds pictures.
            if any(is_picture(item) for folder in trained for item in folder.iterdir()):
                return self.root
        except OSError:  # the folder above is not ours to look into
            return self.root
        return self.root.parent if self.root.name else place.parent

    def add(self, label: str, frame: Frame, content: bytes, suffix: str) -> Path | None:
        """Writes a picture and returns where; None where the very same one lies in the folder, whatever its label.

        Args:
            label: One of those given.
            frame: Where it comes from.
            content: Of the file.
            suffix: Of the file.

        Raises:
            SinkError: It cannot be written, or the disk would be full.
        """
        digest = hashlib.sha256(content).hexdigest()[:12]
        if digest in self._known:
            return None
        path = self.root / self._folders[label] / f"{stem_of(frame)}_{digest}{suffix}"
        try:
            self._check_room(len(content))
            write_atomically(path, content)
        except OSError as error:
            raise self._failed(error) from error
        self._known[digest] = self._folders[label]
        return path

    def remove(self, path: Path) -> None:
        """Takes back what `add` has written, and a label's folder that is empty then: training would refuse it."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from error
        with contextlib.suppress(OSError):  # there is more in it
            path.parent.rmdir()
        if met := OURS.fullmatch(path.name):
            self._known.pop(met["digest"], None)

    def _check_room(self, wanted: int) -> None:
        if self._free(self.root) < ROOM + wanted:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _failed(self, error: OSError) -> SinkError:
        if error.errno in FULL:
            return SinkError(
                f"{self.root}: its disk is full, of which {ROOM // 10**6} MB are left free; make room and type the "
                "same again: what is there stays"
            )
        where = error.filename or self.root
        return SinkError(f"{where}: cannot be written: {unwritable_directory(self.root) or error.strerror or error}")


def _folders(path: Path) -> list[Path]:
    return [item for item in path.iterdir() if item.is_dir() and not item.name.startswith(".")]
