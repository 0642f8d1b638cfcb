"""A prepared dataset: pixels as the model will see them, split once and for all.

``dataset.json`` says what it is; ``{train,validation,test}_pixels.npy`` hold uint8 RGB ``[n, height, width, 3]`` and
``…_labels.npy`` int64 ``[n]``, an index into the labels. ``…_samples.csv``, which older ones lack, has a line for each
picture: its name, its width, height and kind as it was found, and what else is known of it.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle import fields
from edge_runtime.bundle.manifest import digest
from edge_runtime.bundle.spec import ModelSpec
from edge_runtime.errors import DatasetError, FieldError
from edge_runtime.files import directory_replaced

SCHEMA_VERSION = 1
FILE_NAME = "dataset.json"
ARRAYS = ".npy"
SAMPLE_COLUMNS = ("name", "width", "height", "kind")  # of every samples.csv; the columns after them are slices
SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = get_args(SplitName)


@dataclass(frozen=True)
class Split:
    """Pictures and their labels.

    Attributes:
        pixels: uint8 ``[n, height, width, 3]``, RGB.
        labels: int64 ``[n]``.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class About:
    """What is known of a split's pictures beside pixels and label, in the order of the arrays.

    Attributes:
        names: Such as ``bolt/17.jpg`` or ``test/17``.
        sizes: Width and height in pixels as they were found.
        kinds: What is unusual about the file, such as ``animated`` or ``16-bit transparent``; mostly nothing.
        slices: Column by column, such as ``{"camera": ("1", "2", …)}``, for figures of parts of a split.
    """

    names: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    kinds: tuple[str, ...]
    slices: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class DatasetRecord:
    """The content of ``dataset.json``.

    Attributes:
        name: What the dataset is called, such as ``fashion_mnist``.
        origin: Where it was found, for people.
        grey: Whether every picture is grey; a model for it may drop colour.
        spec: Labels and the preprocessing that made the pixels.
        seed: Of the split.
        counts: Pictures a split.
        files: sha256 of each array file and each list of samples.
        group_by: By what its pictures were kept together, as somebody asked for; empty for nothing.
    """

    schema_version: int
    name: str
    origin: str
    grey: bool
    spec: ModelSpec
    seed: int
    counts: dict[str, int]
    files: dict[str, str]
    group_by: str = ""


@dataclass(frozen=True)
class Prepared:
    """An opened prepared dataset; `digest` is the sha256 of what identifies its content."""

    directory: Path
    record: DatasetRecord
    digest: str

    def split(self, name: SplitName) -> Split:
        """Returns one split, memory-mapped.

        Raises:
            DatasetError: A file is missing, altered or of another shape than the record says.
        """
        pixels, labels = self._array(f"{name}_pixels.npy"), self._array(f"{name}_labels.npy")
        height, width = self.record.spec.preprocessing.size
        count = self.record.counts[name]
        if (
            pixels.shape != (count, height, width, 3)
            or pixels.dtype != np.uint8
            or labels.shape != (count,)
            or labels.dtype != np.int64
        ):
            raise DatasetError(f"{self.directory}: {name}: {pixels.dtype} {pixels.shape} does not fit {FILE_NAME}")
        return Split(pixels, labels)

    def about(self, name: SplitName) -> About | None:
        """Returns names, sizes and slices of one split's pictures, or None where it was prepared without them.

        Raises:
            DatasetError: The file is missing, altered or of another length than the record says.
        """
        path = self.directory / samples_file(name)
        if path.name not in self.record.files:
            return None
        try:
            self._check(path)
            with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
                header, *rows = csv.reader(file)
            if tuple(header[:4]) != SAMPLE_COLUMNS or len(rows) != self.record.counts[name]:
                raise ValueError(f"{len(rows):,} pictures, columns {', '.join(header)}")
            return About(
                tuple(row[0] for row in rows),
                tuple((int(row[1]), int(row[2])) for row in rows),
                tuple(row[3] for row in rows),
                {column: tuple(row[at] for row in rows) for at, column in enumerate(header[4:], 4)},
            )
        except (OSError, ValueError, IndexError, csv.Error) as error:
            raise DatasetError(f"{path}: cannot be read: {error}; prepare the dataset again") from error

    def _array(self, name: str) -> Any:
        path = self.directory / name
        try:
            self._check(path)
            return np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path}: cannot be read: {error}; prepare the dataset again") from error

    def _check(self, path: Path) -> None:
        if sha256(path) != self.record.files.get(path.name):
            raise DatasetError(f"{path}: has changed since it was prepared; prepare the dataset again")


def write_prepared(
    target: Path, *, name: str, origin: str, grey: bool, spec: ModelSpec, seed: int, splits: dict[SplitName, Split]
) -> Prepared:
    """Writes a prepared dataset in one step, in place of an older one.

    Raises:
        DatasetError: `target` is something else, or the disk refused; what was there is still there.
    """
    check_target(target)
    counts: dict[str, int] = {split: len(content.labels) for split, content in splits.items()}
    try:
        with directory_replaced(target) as fresh:
            for split, content in splits.items():
                np.save(fresh / f"{split}_pixels.npy", content.pixels)
                np.save(fresh / f"{split}_labels.npy", content.labels)
            record = recorded(fresh, name=name, origin=origin, grey=grey, spec=spec, seed=seed, counts=counts).record
    except OSError as error:
        raise DatasetError(f"{target}: cannot be written: {error.strerror or f'no space left ({error})'}") from error
    return Prepared(target, record, _digest(record))


def check_target(target: Path) -> None:
    """Makes sure that nothing but a prepared dataset is replaced.

    Raises:
        DatasetError: `target` is something else.
    """
    empty = target.is_dir() and not any(target.iterdir())
    if target.exists() and not empty and not (target / FILE_NAME).is_file():
        raise DatasetError(f"{target}: exists and is not a prepared dataset; choose another place or remove it")


def recorded(
    directory: Path,
    *,
    name: str,
    origin: str,
    grey: bool,
    spec: ModelSpec,
    seed: int,
    counts: dict[str, int],
    group_by: str = "",
) -> Prepared:
    """Writes the record that makes a prepared dataset of a directory with its arrays and, maybe, lists of samples.

    Raises:
        OSError: The directory cannot be read or written.
    """
    names = [path.name for path in directory.iterdir()]
    known = [file for split in SPLITS for file in (f"{split}_pixels.npy", f"{split}_labels.npy", samples_file(split))]
    files = {file: sha256(directory / file) for file in known if file in names}
    record = DatasetRecord(SCHEMA_VERSION, name, origin, grey, spec, seed, counts, files, group_by)
    (directory / FILE_NAME).write_bytes(fields.canonical(record))
    return Prepared(directory, record, _digest(record))


def samples_file(split: SplitName) -> str:
    """Returns the name of the file that says what is known of a split's pictures."""
    return f"{split}_samples.csv"


def sha256(path: Path) -> str:
    """Returns the digest of a file's content.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_prepared(directory: Path) -> Prepared:
    """Opens a prepared dataset.

    Raises:
        DatasetError: There is none, or it is of another version.
    """
    path = directory / FILE_NAME
    if not path.is_file():
        raise DatasetError(f"{directory}: no prepared dataset there; make one with 'python -m train prepare'")
    try:
        record = fields.parse(DatasetRecord, fields.decode(path.read_bytes(), str(path)), str(path))
    except FieldError as error:
        raise DatasetError(f"{error}; prepare the dataset again") from error
    if record.schema_version != SCHEMA_VERSION:
        raise DatasetError(f"{path}: schema version {SCHEMA_VERSION} expected, {record.schema_version} found")
    return Prepared(directory, record, _digest(record))


def _digest(record: DatasetRecord) -> str:
    # Not the whole record: where the pictures were found and what they are called does not change what they are.
    arrays = {name: found for name, found in record.files.items() if name.endswith(ARRAYS)}
    return digest(fields.canonical([record.name, record.spec, arrays]))
