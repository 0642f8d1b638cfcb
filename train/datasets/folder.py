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
SHOWN = 5  # labels named one by one


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
            raise DatasetError(_too_few_labels(path, folders))
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
        counted_by_split = {name: Counter(indices) for name, indices in kept.items()}
        short = []
        for index, label in enumerate(self.labels):
            counts = {name: counter[index] for name, counter in counted_by_split.items()}
            lacking = [name for name in SPLITS if not counts[name]]
            if lacking:
                total = sum(counts.values())
                short.append(
                    f"'{label}' has {total:,}" + (f", none of them for {' and '.join(lacking)}" if total else "")
                )
        if short:
            left = len(short) - SHOWN
            more = f"; and {left:,} label{'s' * (left > 1)} more" if left > 0 else ""
            # Both splits of a tenth get one with probability 1 - 2 * 0.9 ** n + 0.8 ** n: 41 % with 10, 99 % with 50.
            raise DatasetError(
                f"{self.path}: too few pictures: {'; '.join(short[:SHOWN])}{more}. Every label needs some "
                f"for train, validation and test, which take about {100 * (1 - VALIDATION - TEST):.0f}, "
                f"{100 * VALIDATION:.0f} and {100 * TEST:.0f} % of them, chosen by content. Add pictures: 50 or more "
                "of each label are nearly always enough; or take the label's sub-folder away"
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


def _too_few_labels(path: Path, folders: Sequence[Path]) -> str:
    """Returns what was found instead of two labels, and what the folder should look like."""
    loose = sum(item.suffix.lower() in SUFFIXES and not _hidden(item) for item in path.iterdir())
    found = f"1 found, '{_label(folders[0])}'" if folders else "none found"
    found += f", and {loose:,} picture{'s' * (loose > 1)} beside" if loose else ""
    inner = [item for folder in folders for item in folder.iterdir() if item.is_dir() and not _hidden(item)]
    if len(inner) > 1:
        remedy = f"the {len(inner)} sub-folders of '{_label(folders[0])}' look like labels: name folder:{folders[0]}"
    elif folders:
        remedy = "a model chooses between labels: add a sub-folder with pictures of something else"
    else:
        remedy = f"put them into sub-folders called after their labels, as in {path}/bolt/1.jpg and {path}/nut/1.jpg"
    return f"{path}: a sub-folder of pictures for each of 2 or more labels expected, {found}; {remedy}"


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
