"""A folder of pictures: one sub-folder a label, the folder's name is the label; or that below train, val and test."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_runtime.device.container import in_container
from edge_runtime.errors import DatasetError
from edge_runtime.preprocess import SUFFIXES
from edge_runtime.stages.prepared import SplitName
from train.datasets.dataset import NO_SLICES, Found, Sample
from train.datasets.groups import grouped
from train.datasets.heic import CONVERT
from train.datasets.heic import SUFFIXES as HEIC
from train.datasets.pictures import SPELLINGS, Listed, check_labels, origin_of, split

FOLDER = "folder"  # the slice that sub-folders of a label make
# What a Mac's zip, a Synology's index, a file system's check, Windows and a NAS leave in folders, thumbnails among it.
JUNK = ("__MACOSX", "@eaDir", "lost+found", "System Volume Information", "$RECYCLE.BIN", "#recycle")


@dataclass(frozen=True)
class Folder:
    """The provider.

    Where nobody split them, a picture's split follows from its content alone, so adding pictures never moves an old
    one, and two copies of one file never lie on both sides. With `group_by` it follows from its group's name alone.
    """

    path: Path
    size: tuple[int, int] = (96, 96)
    group_by: str = ""
    name: str = field(init=False)
    labels: tuple[str, ...] = field(init=False)
    _listed: tuple[Listed, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        path = self.path
        if not path.is_dir():
            raise DatasetError(f"{path}: {_no_folder(path)}")
        try:
            _refuse_dead_links(path.iterdir())
            tops = _split_folders(path)
            folders = [(item, put) for top, put in tops for item in _folders(top)]
            labels = tuple(sorted({_label(folder) for folder, _ in folders}))
            if len(labels) < 2:
                raise DatasetError(_too_few_labels(tops[0][0], [folder for folder, _ in folders]))
            listed = tuple(item for folder, put in folders for item in self._pictures(folder, labels, put))
        except OSError as error:
            raise DatasetError(f"{error.filename or path}: cannot be read: {error.strerror or error}") from error
        object.__setattr__(self, "name", unicodedata.normalize("NFC", path.resolve().name) or "folder")
        object.__setattr__(self, "labels", labels)
        listed = tuple(sorted(listed, key=lambda item: item[0].label))
        object.__setattr__(self, "_listed", grouped(listed, self.group_by) if self.group_by else listed)

    def is_origin(self, origin: str) -> bool:
        return origin == origin_of(self.path, self._listed)

    def find(self, seed: int) -> Found:
        """Reads the files that nobody has split, once, to split them by content and `seed`."""
        slices = (FOLDER,) if any(sample.slices for sample, _ in self._listed) else ()
        splits, passed = split(self._listed, seed)
        return Found(origin_of(self.path, self._listed), splits, (*self._notes(), *passed), slices, self.group_by)

    def check(self, kept: dict[SplitName, list[int]]) -> None:
        check_labels(self.path, self.labels, kept, self._listed, "take the label's sub-folder away")

    def _pictures(self, folder: Path, labels: Sequence[str], put: SplitName | None) -> Iterator[Listed]:
        """Yields the pictures of a label's folder, sorted.

        Raises:
            DatasetError: There are none, and nobody has split them; or one is a link that leads nowhere.
            OSError: The folder cannot be read.
        """
        next(folder.iterdir(), None)  # rglob passes over what it may not read
        inside = sorted(item for item in folder.rglob("*") if not _inside_hidden(item, folder))
        named = [item for item in inside if item.suffix.lower() in SUFFIXES]
        _refuse_dead_links(named)
        label, count = labels.index(_label(folder)), 0
        for item in named:
            if item.is_file():
                count += 1
                below = item.parent.relative_to(folder).as_posix()
                slices = NO_SLICES if below == "." else {FOLDER: below}
                yield Sample(item, label, item.relative_to(self.path).as_posix(), slices), put
        if not count and put is None:
            heic = sum(item.suffix.lower() in HEIC for item in inside)
            others = f"; {heic:,} {'is' if heic == 1 else 'are'} HEIC: {CONVERT}" if heic else ""
            raise DatasetError(
                f"{folder}: no pictures ({', '.join(SUFFIXES)}) in it; add some or remove the sub-folder{others}"
            )

    def _notes(self) -> tuple[str, ...]:
        others = Counter(
            item.suffix.lower() or "no suffix"
            for item in self.path.rglob("*")
            if item.is_file() and item.suffix.lower() not in SUFFIXES and not _inside_hidden(item, self.path)
        )
        loose = sum(_loose(top) for top in {self.path, *(top for top, _ in _split_folders(self.path))})
        notes = []
        junk = sorted({f"{item.name}/" for item in self.path.rglob("*") if _hidden(item) and item.is_dir()})
        if junk:
            notes.append(f"passed over, not as labels and not for pictures: {', '.join(junk)}")
        if others:
            kinds = ", ".join(sorted(others))
            notes.append(
                f"{_counted(sum(others.values()), 'file')} passed over for a suffix that is not a picture's: {kinds}"
                + (f". {CONVERT}" if any(suffix in others for suffix in HEIC) else "")
            )
        if loose:
            notes.append(f"{_counted(loose, 'picture')} passed over outside of every label's sub-folder")
        return tuple(notes)


def _split_folders(path: Path) -> list[tuple[Path, SplitName | None]]:
    """Returns the folders that hold labels' folders, and the split that each of them is: `path` itself, and none,
    where the sub-folders are labels.

    Raises:
        DatasetError: Some sub-folders are splits and others are not.
    """
    folders = _folders(path)
    splits = {folder: SPELLINGS[folder.name.lower()] for folder in folders if folder.name.lower() in SPELLINGS}
    train = next((folder for folder, name in splits.items() if name == "train"), None)
    # A label may be called train, beside bus and tram; a split is a folder of folders.
    if train is None or len(splits) < 2 or _loose(train) or not all(_folders(folder) for folder in splits):
        return [(path, None)]
    others = [folder for folder in folders if folder not in splits]
    if others:
        raise DatasetError(
            f"{path}: {' and '.join(f'{folder.name}/' for folder in splits)} look like splits with a folder for each "
            f"label, and '{others[0].name}' beside them like none; move it elsewhere"
        )
    return list(splits.items())


def _no_folder(path: Path) -> str:
    if path.suffix.lower() in (".csv", ".tsv"):
        return f"not a folder; for a table of path and label say csv:{path}"
    return "not a folder" if path.exists() else "no such folder"


def _too_few_labels(path: Path, folders: Sequence[Path]) -> str:
    """Returns what was found instead of two labels, and what the folder should look like."""
    loose = _loose(path)
    found = f"1 found, '{_label(folders[0])}'" if folders else "none found"
    found += f", and {loose:,} picture{'s' * (loose > 1)} beside" if loose else ""
    inner = [item for folder in folders for item in _folders(folder)]
    if len(inner) > 1:
        remedy = f"the {len(inner)} sub-folders of '{_label(folders[0])}' look like labels: name folder:{folders[0]}"
    elif folders:
        remedy = "a model chooses between labels: add a sub-folder with pictures of something else"
    else:
        remedy = f"put them into sub-folders called after their labels, as in {path}/bolt/1.jpg and {path}/nut/1.jpg"
    return f"{path}: a sub-folder of pictures for each of 2 or more labels expected, {found}; {remedy}"


def _folders(path: Path) -> list[Path]:
    return sorted((item for item in path.iterdir() if item.is_dir() and not _hidden(item)), key=_label)


def _loose(path: Path) -> int:
    """Returns how many pictures lie in a folder itself."""
    return sum(item.suffix.lower() in SUFFIXES and not _hidden(item) for item in path.iterdir())


def _refuse_dead_links(paths: Iterable[Path]) -> None:
    """Raises DatasetError: a label or picture that is silently left out is found by nobody."""
    for path in paths:
        if path.is_symlink() and not path.exists() and not _hidden(path):
            outside = " of this container; ENGINE=local runs outside of it" if in_container() else ""
            raise DatasetError(f"{path}: a link to {path.readlink()}, which is not there{outside}")


def _label(folder: Path) -> str:
    return unicodedata.normalize("NFC", folder.name)  # macOS hands out 가 as ㄱ + ㅏ


def _hidden(path: Path) -> bool:
    # .git, .ipynb_checkpoints, and the ._picture.jpg that macOS leaves on USB sticks
    return _is_junk(path.name)


def _inside_hidden(path: Path, root: Path) -> bool:
    return any(map(_is_junk, path.parts[len(root.parts) :]))


def _is_junk(name: str) -> bool:
    return name.startswith(".") or name in JUNK


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count > 1)}"
