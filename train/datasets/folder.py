"""A folder of pictures: one sub-folder a label, the folder's name is the label."""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_runtime.device.container import in_container
from edge_runtime.errors import DatasetError
from edge_runtime.preprocess import SUFFIXES
from edge_runtime.stages.prepared import SPLITS, SplitName
from train.datasets.dataset import Found, Sample
from train.progress import counted

TEST, VALIDATION = 0.1, 0.1  # shares of the pictures; the rest is for training


@dataclass(frozen=True)
class Folder:
    """The provider.

    A picture's split follows from its content alone, so adding pictures never moves an old one, and two copies of one
    picture never lie on both sides.
    """

    path: Path
    size: tuple[int, int] = (96, 96)
    name: str = field(init=False)
    labels: tuple[str, ...] = field(init=False)
    _files: tuple[tuple[Path, ...], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        path = self.path
        if not path.is_dir():
            raise DatasetError(f"{path}: {'not a folder' if path.exists() else 'no such folder'}")
        try:
            _refuse_dead_links(path.iterdir())
            folders = sorted((item for item in path.iterdir() if item.is_dir() and not _hidden(item)), key=_label)
            files = tuple(_pictures(folder) for folder in folders)
        except OSError as error:
            raise DatasetError(f"{error.filename or path}: cannot be read: {error.strerror or error}") from error
        if len(folders) < 2:
            loose = sum(item.suffix.lower() in SUFFIXES for item in path.iterdir())
            raise DatasetError(
                f"{path}: a sub-folder of pictures for each of 2 or more labels expected, "
                f"{len(folders) or 'none'} found" + (f" and {loose:,} pictures beside" if loose else "")
            )
        empty = [folder for folder, pictures in zip(folders, files, strict=True) if not pictures]
        if empty:
            raise DatasetError(
                f"{empty[0]}: no pictures ({', '.join(SUFFIXES)}) in it; add some or remove the sub-folder"
            )
        object.__setattr__(self, "name", unicodedata.normalize("NFC", path.resolve().name) or "folder")
        object.__setattr__(self, "labels", tuple(_label(folder) for folder in folders))
        object.__setattr__(self, "_files", files)

    def is_origin(self, origin: str) -> bool:
        return origin == self._origin()

    def find(self, seed: int) -> Found:
        """Reads every file once to split by content; `seed` plays no part.

        Raises:
            DatasetError: A file cannot be read at all.
        """
        splits: dict[SplitName, Sequence[Sample]] = {}
        samples: dict[SplitName, list[Sample]] = {name: [] for name in SPLITS}
        listed = [(file, label) for label, files in enumerate(self._files) for file in files]
        for file, label in counted(listed, len(listed), "reading"):
            try:
                with file.open("rb") as opened:
                    sha256 = hashlib.file_digest(opened, "sha256").digest()
            except OSError as error:
                raise DatasetError(f"{file}: cannot be read: {error.strerror or error}") from error
            samples[split_of(sha256)].append(Sample(file, label))
        splits.update(samples)
        return Found(self._origin(), splits, self._notes())

    def check(self, kept: dict[SplitName, list[int]]) -> None:
        for index, label in enumerate(self.labels):
            counts = {name: indices.count(index) for name, indices in kept.items()}
            lacking = [name for name, count in counts.items() if count == 0]
            if lacking:
                # 0.9 ** 10 = 35 % of labels with 10 pictures would have none for testing, 0.9 ** 50 = 0.5 % with 50.
                raise DatasetError(
                    f"{self.path}: label '{label}': none of its {sum(counts.values())} readable pictures falls into "
                    f"the {lacking[0]} split, which takes about one in ten by content; add pictures: "
                    "10 are the least that can do, 50 or more make it nearly certain"
                )

    def _origin(self) -> str:
        listing = hashlib.sha256()
        for files in self._files:
            for file in files:
                stat = file.stat()
                listing.update(
                    f"{file.relative_to(self.path)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode(errors="replace")
                )
        count = sum(len(files) for files in self._files)
        return f"{self.path.resolve()} ({count:,} pictures, listing {listing.hexdigest()[:12]})"

    def _notes(self) -> tuple[str, ...]:
        others = Counter(
            item.suffix.lower() or "no suffix"
            for item in self.path.rglob("*")
            if item.is_file() and item.suffix.lower() not in SUFFIXES and not _hidden(item)
        )
        loose = sum(item.suffix.lower() in SUFFIXES and not _hidden(item) for item in self.path.iterdir())
        notes = []
        if others:
            kinds = ", ".join(sorted(others))
            notes.append(f"{sum(others.values()):,} files passed over, their suffix is not a picture's: {kinds}")
        if loose:
            notes.append(f"{loose:,} pictures passed over, they lie in no label's sub-folder")
        return tuple(notes)


def split_of(sha256: bytes) -> SplitName:
    """Returns the split of the picture whose content has this digest."""
    fraction = int.from_bytes(sha256[:8], "big") / 2**64
    if fraction < TEST:
        return "test"
    return "validation" if fraction < TEST + VALIDATION else "train"


def _pictures(folder: Path) -> tuple[Path, ...]:
    next(folder.iterdir(), None)  # rglob passes over what it may not read
    named = [item for item in folder.rglob("*") if item.suffix.lower() in SUFFIXES and not _hidden(item)]
    _refuse_dead_links(named)
    return tuple(sorted(item for item in named if item.is_file()))


def _refuse_dead_links(paths: Iterable[Path]) -> None:
    """Raises DatasetError: a label or picture that is silently left out is found by nobody."""
    for path in paths:
        if path.is_symlink() and not path.exists() and not _hidden(path):
            outside = " of this container; ENGINE=local runs outside of it" if in_container() else ""
            raise DatasetError(f"{path}: a link to {path.readlink()}, which is not there{outside}")


def _label(folder: Path) -> str:
    return unicodedata.normalize("NFC", folder.name)  # macOS hands out 가 as ㄱ + ㅏ


def _hidden(path: Path) -> bool:
    return path.name.startswith(".")  # .git, and the ._picture.jpg that macOS leaves on USB sticks
