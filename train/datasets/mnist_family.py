"""What MNIST and its likes have in common: four idx files, checked by digest, of 60,000 and 10,000 grey pictures."""

import hashlib
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import SplitName
from train.datasets.dataset import Found
from train.datasets.idx import check_digest, idx_file, read_idx
from train.datasets.official import Labelled, official_splits
from train.datasets.places import Place, search

VALIDATION = 10  # one of so many training pictures; the official test split stays what everybody else's is
FILES = tuple(f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))


@dataclass(frozen=True)
class MnistFamily:
    """A provider; each of the family is a class with values of its own.

    Attributes:
        data: The one directory to read, or None to look in `places`.
        places: Where to look, in this order.
        digests: sha256 of each idx file, decompressed.
        not_found: What to say when no place has the files, and the ways out.
        npz: The name of Keras' file with all four arrays, which will do as well; nothing where there is none.
        npz_digest: sha256 of that.
    """

    data: Path | None = None
    places: Sequence[Place] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    size: tuple[int, int] = (28, 28)
    labels: tuple[str, ...] = ()
    not_found: tuple[str, str] = ("", "")
    npz: str = ""
    npz_digest: str = ""

    def __post_init__(self) -> None:
        if self.data is not None and (missing := self._missing(self.data)):
            either = f", and no {self.npz} either" if self.npz else ""
            raise DatasetError(
                f"--data {self.data}: {', '.join(missing)} missing (with or without .gz){either}; "
                "name the directory that holds them, or leave --data out to have them looked for"
            )

    def is_origin(self, origin: str) -> bool:
        return True  # the digests allow one content only, wherever it was found

    def find(self, seed: int) -> Found:
        """Finds the files; validation is a seeded draw of training pictures, the same share of each label.

        Raises:
            DatasetError: No place has the files, or one of them has another content.
        """
        directory = search(self.places, self._missing, self.not_found) if self.data is None else self.data
        train, test = self._idx(directory) if not lacking(directory) else self._npz(directory / self.npz)
        return Found(str(directory), official_splits(train, test, len(train[1]) // VALIDATION, seed))

    def check(self, kept: dict[SplitName, list[int]]) -> None:
        pass  # the digests leave nothing to chance

    def _missing(self, directory: Path) -> list[str]:
        return [] if self.npz and (directory / self.npz).is_file() else lacking(directory)

    def _idx(self, directory: Path) -> tuple[Labelled, Labelled]:
        pixels, labels, test_pixels, test_labels = (read_idx(directory, name, self.digests[name]) for name in FILES)
        return (pixels, labels), (test_pixels, test_labels)

    def _npz(self, path: Path) -> tuple[Labelled, Labelled]:
        try:
            with path.open("rb") as file:
                check_digest(path, self.npz_digest, hashlib.file_digest(file, "sha256").hexdigest())
            with np.load(path, allow_pickle=False) as arrays:
                train, test = (
                    (np.asarray(arrays[f"x_{part}"], np.uint8), np.asarray(arrays[f"y_{part}"], np.uint8))
                    for part in ("train", "test")
                )
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise DatasetError(f"{path}: cannot be read: {error}; get the file again") from error
        return train, test


def lacking(directory: Path) -> list[str]:
    """Returns the names, without ``.gz``, of the idx files that `directory` lacks."""
    return [name for name in FILES if idx_file(directory, name) is None]
