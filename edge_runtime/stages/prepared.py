"""A prepared dataset: pixels as the model will see them, split once and for all.

``dataset.json`` says what it is; ``{train,validation,test}_pixels.npy`` hold uint8 RGB ``[n, height, width, 3]`` and
``…_labels.npy`` int64 ``[n]``, an index into the labels.
"""

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
class DatasetRecord:
    """The content of ``dataset.json``.

    Attributes:
        name: What the dataset is called, such as ``fashion_mnist``.
        origin: Where it was found, for people.
        grey: Whether every picture is grey; a model for it may drop colour.
        spec: Labels and the preprocessing that made the pixels.
        seed: Of the split.
        counts: Pictures a split.
        files: sha256 of each array file.
    """

    schema_version: int
    name: str
    origin: str
    grey: bool
    spec: ModelSpec
    seed: int
    counts: dict[str, int]
    files: dict[str, str]


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

    def _array(self, name: str) -> Any:
        path = self.directory / name
        try:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            if found != self.record.files.get(name):
                raise DatasetError(f"{path}: has changed since it was prepared; prepare the dataset again")
            return np.load(path, mmap_mode="r")
        except (OSError, ValueError) as error:
            raise DatasetError(f"{path}: cannot be read: {error}; prepare the dataset again") from error


def write_prepared(
    target: Path, *, name: str, origin: str, grey: bool, spec: ModelSpec, seed: int, splits: dict[SplitName, Split]
) -> Prepared:
    """Writes a prepared dataset in one step, in place of an older one.

    Raises:
        DatasetError: `target` is something else, or the disk refused; what was there is still there.
    """
    if target.exists() and not (target / FILE_NAME).is_file():
        raise DatasetError(f"{target}: exists and is not a prepared dataset; choose another place or remove it")
    try:
        with directory_replaced(target) as fresh:
            files = {}
            for split, content in splits.items():
                for what, array in (("pixels", content.pixels), ("labels", content.labels)):
                    path = fresh / f"{split}_{what}.npy"
                    np.save(path, array)
                    with path.open("rb") as file:
                        files[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
            counts: dict[str, int] = {split: len(content.labels) for split, content in splits.items()}
            record = DatasetRecord(SCHEMA_VERSION, name, origin, grey, spec, seed, counts, files)
            (fresh / FILE_NAME).write_bytes(fields.canonical(record))
    except OSError as error:
        raise DatasetError(f"{target}: cannot be written: {error.strerror or f'no space left ({error})'}") from error
    return Prepared(target, record, _digest(record))


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
    # Not the whole record: where the pictures were found does not change what they are.
    return digest(fields.canonical([record.name, record.spec, record.files]))
