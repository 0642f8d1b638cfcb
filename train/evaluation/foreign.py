"""Pictures that are none of the labels: how many of them does the model label all the same?"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import DatasetError, PictureError
from edge_runtime.preprocess import SUFFIXES, preprocess
from edge_runtime.stages.prepared import FILE_NAME, SPLITS, Prepared, open_prepared
from train.evaluation.scoring import BLOCK, blocks_of
from train.evaluation.thresholds import auroc

KNOWN = 0.95  # of the test pictures stay labelled: the usual place to compare false alarms at


@dataclass(frozen=True)
class Foreign:
    """What the model made of foreign pictures.

    Attributes:
        source: Where they are.
        pictures: How many were judged.
        unreadable: How many could not be.
        auroc: How often a test picture's best score is higher than a foreign one's.
        labelled_at_95: Share of them that is labelled where 95 % of the test pictures are.
        labelled: Share of them that is not ``unknown`` at the threshold for it; None where there is none.
        predicted: How many got each label, threshold or not.
    """

    source: str
    pictures: int
    unreadable: int
    auroc: float
    labelled_at_95: float
    labelled: float | None
    predicted: dict[str, int]


class Pictures(Protocol):
    """Where foreign pictures come from; `name` and `pixels` may be asked once `blocks` has gone through."""

    unreadable: int

    def __len__(self) -> int:
        """Pictures, with those that will turn out to be unreadable."""

    def blocks(self) -> Iterator[NDArray[np.uint8]]:
        """Yields uint8 ``[m, height, width, 3]``."""

    def name(self, index: int) -> str: ...

    def pixels(self, index: int) -> NDArray[np.uint8]: ...


@dataclass
class Folder:
    """Pictures in a folder and the folders below it, prepared as any other picture is."""

    path: Path
    spec: PreprocessingSpec
    unreadable: int = 0
    _read: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._files = sorted(file for file in self.path.rglob("*") if _is_picture(file))
        if not self._files:
            raise DatasetError(f"--foreign {self.path}: no pictures ({', '.join(SUFFIXES)}) in it or below it")

    def __len__(self) -> int:
        return len(self._files)

    def blocks(self) -> Iterator[NDArray[np.uint8]]:
        with ThreadPoolExecutor() as pool:  # Pillow decodes without holding the interpreter's lock
            for start in range(0, len(self._files), BLOCK):
                files = self._files[start : start + BLOCK]
                done = [(file, pixels) for file, pixels in zip(files, pool.map(self._decoded, files), strict=True)]
                good = [(file, pixels) for file, pixels in done if pixels is not None]
                self.unreadable += len(done) - len(good)
                self._read += [file for file, _ in good]
                if good:
                    yield np.stack([pixels for _, pixels in good])
        if not self._read:
            raise DatasetError(f"--foreign {self.path}: none of its {len(self):,} pictures can be read")

    def name(self, index: int) -> str:
        return self._read[index].relative_to(self.path).as_posix()

    def pixels(self, index: int) -> NDArray[np.uint8]:
        return preprocess(self._read[index], self.spec)

    def _decoded(self, file: Path) -> NDArray[np.uint8] | None:
        try:
            return preprocess(file, self.spec)
        except PictureError:
            return None


class FromPrepared:
    """All pictures of another prepared dataset."""

    unreadable = 0

    def __init__(self, prepared: Prepared) -> None:
        self._splits = [(name, prepared.split(name).pixels) for name in SPLITS]

    def __len__(self) -> int:
        return sum(len(pixels) for _, pixels in self._splits)

    def blocks(self) -> Iterator[NDArray[np.uint8]]:
        for _, pixels in self._splits:
            yield from blocks_of(pixels)

    def name(self, index: int) -> str:
        name, _, at = self._place(index)
        return f"{name}/{at}"

    def pixels(self, index: int) -> NDArray[np.uint8]:
        _, pixels, at = self._place(index)
        return np.asarray(pixels[at])

    def _place(self, index: int) -> tuple[str, NDArray[np.uint8], int]:
        for name, pixels in self._splits:
            if index < len(pixels):
                return name, pixels, index
            index -= len(pixels)
        raise IndexError(index)


def pictures_in(path: Path, spec: PreprocessingSpec, own: str) -> Pictures:
    """Returns the foreign pictures in `path`, a folder of pictures or a prepared dataset.

    Args:
        path: Where they are.
        spec: The model's preprocessing.
        own: Digest of the dataset that the model was trained on, which is not foreign.

    Raises:
        DatasetError: There are none, or they were prepared in another way than the model's.
    """
    if not path.is_dir():
        raise DatasetError(f"--foreign {path}: {'not a folder' if path.exists() else 'no such folder'}")
    if not (path / FILE_NAME).is_file():
        return Folder(path, spec)
    prepared = open_prepared(path)
    if prepared.digest == own:
        raise DatasetError(
            f"--foreign {path}: that is the dataset of the training; pictures of something else expected"
        )
    if prepared.record.spec.preprocessing != spec:
        raise DatasetError(
            f"--foreign {path}: prepared as {_told(prepared.record.spec.preprocessing)}, "
            f"the model wants {_told(spec)}; "
            "prepare it in that way, or name a folder of pictures"
        )
    found = FromPrepared(prepared)
    if not len(found):
        raise DatasetError(f"--foreign {path}: there are no pictures in it")
    return found


def judge(
    pictures: Pictures,
    source: str,
    scores: NDArray[np.float32],
    known: NDArray[np.float32],
    threshold: float | None,
    labels: tuple[str, ...],
) -> Foreign:
    """Returns what the model made of foreign pictures.

    Args:
        pictures: Them.
        source: Where they are.
        scores: float32 ``[n, 2]``: each one's best score, and the index of the label it got.
        known: float32 ``[m]``, best scores of the test pictures.
        threshold: For ``unknown``.
        labels: The names.
    """
    best, predicted = scores[:, 0], scores[:, 1].astype(np.int64)
    counts = np.bincount(predicted, minlength=len(labels))
    at_95 = np.quantile(known, 1 - KNOWN, method="lower")
    area = auroc(known, best)
    assert area is not None, "neither is empty"
    return Foreign(
        source=source,
        pictures=len(best),
        unreadable=pictures.unreadable,
        auroc=area,
        labelled_at_95=float((best >= at_95).mean()),
        labelled=None if threshold is None else float((best >= threshold).mean()),
        predicted={label: int(count) for label, count in zip(labels, counts, strict=True)},
    )


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _told(spec: PreprocessingSpec) -> str:
    return f"{spec.size[0]} × {spec.size[1]} pixels, {spec.resize}, {spec.interpolation}"
