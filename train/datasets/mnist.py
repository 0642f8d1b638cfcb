"""MNIST: 70,000 grey pictures of handwritten digits, 28 × 28 pixels. LeCun, Cortes 1998, CC BY-SA 3.0."""

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
from train.datasets.places import KerasDownload, Place, search

# Of the decompressed files; seven unrelated projects publish the same four.
DIGESTS = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
NPZ = "mnist.npz"
NPZ_DIGEST = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"  # keras/src/datasets/mnist.py
LABELS = tuple("0123456789")
VALIDATION = 6_000  # of the 60,000 training pictures; the official test split stays what everybody else's is
PLACES: tuple[Place, ...] = (KerasDownload("mnist", 11),)
NOT_FOUND = (
    "MNIST was not found",
    f"Put {{train,t10k}}-{{images-idx3,labels-idx1}}-ubyte.gz or Keras' {NPZ} into a directory and say --data DIR.",
)


@dataclass(frozen=True)
class Mnist:
    """The provider.

    Attributes:
        data: The one directory to read, or None to look in `places`.
        places: Where to look, in this order.
        digests: sha256 of each idx file, decompressed.
        npz_digest: sha256 of Keras' file.
    """

    data: Path | None = None
    places: Sequence[Place] = PLACES
    digests: Mapping[str, str] = field(default_factory=lambda: DIGESTS)
    npz_digest: str = NPZ_DIGEST
    name: str = "mnist"
    size: tuple[int, int] = (28, 28)
    labels: tuple[str, ...] = LABELS

    def __post_init__(self) -> None:
        if self.data is not None and (missing := missing_files(self.data)):
            raise DatasetError(
                f"--data {self.data}: {', '.join(missing)} missing (with or without .gz), and no {NPZ} either; "
                "name the directory that holds them, or leave --data out to have them looked for"
            )

    def is_origin(self, origin: str) -> bool:
        return True  # the digests allow one content only, wherever it was found

    def find(self, seed: int) -> Found:
        """Finds the files; validation is a seeded draw of 6,000 training pictures, the same share of each label.

        Raises:
            DatasetError: No place has the files, or one of them has another content.
        """
        directory = search(self.places, missing_files, NOT_FOUND) if self.data is None else self.data
        train, test = self._idx(directory) if not _missing_idx(directory) else self._npz(directory / NPZ)
        validation = VALIDATION * len(train[1]) // 60_000
        return Found(str(directory), official_splits(train, test, validation, seed))

    def check(self, kept: dict[SplitName, list[int]]) -> None:
        pass  # the digests leave nothing to chance

    def _idx(self, directory: Path) -> tuple[Labelled, Labelled]:
        arrays = {name: read_idx(directory, name, sha256) for name, sha256 in self.digests.items()}
        train, test = (
            (arrays[f"{part}-images-idx3-ubyte"], arrays[f"{part}-labels-idx1-ubyte"]) for part in ("train", "t10k")
        )
        return train, test

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


def missing_files(directory: Path) -> list[str]:
    """Returns the names, without ``.gz``, of the idx files that `directory` lacks; none where it has Keras' file."""
    return [] if (directory / NPZ).is_file() else _missing_idx(directory)


def _missing_idx(directory: Path) -> list[str]:
    return [name for name in DIGESTS if idx_file(directory, name) is None]
