"""CIFAR-10: 60,000 colour pictures of ten kinds of things, 32 × 32 pixels. Krizhevsky 2009."""

import hashlib
import io
import pickle
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import SplitName
from train.datasets.dataset import Found
from train.datasets.idx import check_digest
from train.datasets.official import Labelled, official_splits
from train.datasets.places import KerasDownload, Place, search

ARCHIVE, INNER = "cifar-10-python.tar.gz", "cifar-10-batches-py"
ARCHIVE_DIGEST = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"  # keras/src/datasets/cifar10.py
# MD5, as torchvision publishes them (torchvision/datasets/cifar.py); nobody publishes another digest of these files.
TRAIN, TEST = tuple(f"data_batch_{number}" for number in range(1, 6)), "test_batch"
DIGESTS = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
LABELS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
VALIDATION = 5_000  # of the 50,000 training pictures; the official test split stays what everybody else's is
# Where Keras 3 and Keras 2 unpack it, below their datasets.
INSIDE = (".", INNER, f"{INNER}-target/{INNER}")
ARCHIVES = (ARCHIVE, f"{INNER}-target_archive", f"{INNER}.tar.gz")
PLACES: tuple[Place, ...] = (KerasDownload("cifar10", 170),)
NOT_FOUND = ("CIFAR-10 was not found", f"Get {ARCHIVE} from its home page and say --data {ARCHIVE}.")


@dataclass(frozen=True)
class Cifar10:
    """The provider.

    Attributes:
        data: The archive, or the directory with it or with the unpacked files; None to look in `places`.
        places: Where to look, in this order.
        archive_digest: sha256 of the archive.
        digests: MD5 of each unpacked file.
    """

    data: Path | None = None
    places: Sequence[Place] = PLACES
    archive_digest: str = ARCHIVE_DIGEST
    digests: Mapping[str, str] = field(default_factory=lambda: DIGESTS)
    name: str = "cifar10"
    size: tuple[int, int] = (32, 32)
    labels: tuple[str, ...] = LABELS

    def __post_init__(self) -> None:
        if self.data is not None and (missing := missing_files(self.data)):
            raise DatasetError(
                f"--data {self.data}: neither {ARCHIVE} nor the unpacked files ({', '.join(missing)} missing); "
                "name one of them, or leave --data out to have it looked for"
            )

    def is_origin(self, origin: str) -> bool:
        return True  # the digests allow one content only, wherever it was found

    def find(self, seed: int) -> Found:
        """Finds the files; validation is a seeded draw of 500 training pictures a label.

        Raises:
            DatasetError: No place has the files, or one of them has another content.
        """
        place = search(self.places, missing_files, NOT_FOUND) if self.data is None else self.data
        batches = self._batches(place)
        train = (
            np.concatenate([batches[name][0] for name in TRAIN]),
            np.concatenate([batches[name][1] for name in TRAIN]),
        )
        validation = VALIDATION * len(train[1]) // 50_000
        return Found(str(place), official_splits(train, batches[TEST], validation, seed))

    def check(self, kept: dict[SplitName, list[int]]) -> None:
        pass  # the digests leave nothing to chance

    def _batches(self, place: Path) -> dict[str, Labelled]:
        unpacked = _unpacked(place)
        path = unpacked or _archive(place) or place
        try:
            if unpacked is not None:
                contents = {name: (unpacked / name).read_bytes() for name in DIGESTS}
                for name, content in contents.items():
                    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
                    check_digest(unpacked / name, self.digests[name], found, "MD5")
            else:
                contents = self._from_archive(path)
        except (OSError, EOFError, zlib.error, tarfile.TarError, KeyError) as error:
            raise DatasetError(f"{path}: cannot be read: {error}; get the file again") from error
        return {name: parse_batch(content, f"{path}: {name}") for name, content in contents.items()}

    def _from_archive(self, path: Path) -> dict[str, bytes]:
        with path.open("rb") as file:
            check_digest(path, self.archive_digest, hashlib.file_digest(file, "sha256").hexdigest())
        contents = {}
        with tarfile.open(path) as archive:
            for name in DIGESTS:
                member = archive.extractfile(f"{INNER}/{name}")
                if member is None:
                    raise DatasetError(f"{path}: {INNER}/{name} is no file; get the archive again")
                contents[name] = member.read()
        return contents


def missing_files(place: Path) -> list[str]:
    """Returns the names of the unpacked files that are not there; none where there is the archive."""
    if _archive(place) is not None or _unpacked(place) is not None:
        return []
    return [name for name in DIGESTS if not (place / name).is_file()]


def _archive(place: Path) -> Path | None:
    if place.is_file():
        return place
    return next((place / name for name in ARCHIVES if (place / name).is_file()), None)


def _unpacked(place: Path) -> Path | None:
    folders = (place / inside for inside in INSIDE)
    return next((folder for folder in folders if all((folder / name).is_file() for name in DIGESTS)), None)


def parse_batch(content: bytes, where: str) -> Labelled:
    """Returns pixels ``[n, 32, 32, 3]`` and labels ``[n]`` of one of the files, which are Python 2's pickles.

    Raises:
        DatasetError: It is something else.
    """
    try:
        batch = _Arrays(io.BytesIO(content), encoding="bytes").load()
        planes = np.asarray(batch[b"data"], np.uint8).reshape(-1, 3, 32, 32)  # red, green, blue
        labels = np.asarray(batch[b"labels"], np.uint8)
    except Exception as error:  # pickle raises whatever a damaged file makes it do
        raise DatasetError(f"{where}: not a batch of CIFAR-10: {type(error).__name__}: {error}") from error
    if len(planes) != len(labels) or (len(labels) and labels.max() >= len(LABELS)):
        raise DatasetError(f"{where}: {len(planes):,} pictures and {len(labels):,} labels of 0 to 9 do not fit")
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), labels


class _Arrays(pickle.Unpickler):
    """Reads numpy arrays and nothing that could run."""

    ALLOWED: ClassVar[dict[str, Any]] = {
        "_reconstruct": np.empty(0).__reduce__()[0],  # numpy has moved it since; this is where it is now
        "ndarray": np.ndarray,
        "dtype": np.dtype,
    }

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        if module_name.partition(".")[0] == "numpy" and global_name in self.ALLOWED:
            return self.ALLOWED[global_name]
        raise pickle.UnpicklingError(f"{module_name}.{global_name} has no place in it")
