"""What every dataset must be able to say, before and after it reads its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_runtime.stages.prepared import SplitName

NO_SLICES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture as it was found and the index of its label.

    Attributes:
        picture: A file, or uint8 ``[h, w]`` (grey) or ``[h, w, 3]`` (RGB) pixels.
        label: Index into the dataset's labels.
        name: What a report calls it: its path inside the dataset, or the official split and the index there.
        slices: What else is known of it, such as ``{"camera": "2"}``; every sample of a dataset has the same keys.
        group: What it is one of several pictures of, such as a recording, that stay in one split; nothing for none.
    """

    picture: Path | NDArray[np.uint8]
    label: int
    name: str = ""
    slices: Mapping[str, str] = field(default_factory=lambda: NO_SLICES)
    group: str = ""


@dataclass(frozen=True)
class Found:
    """A dataset's pictures, split once and for all.

    Attributes:
        origin: Where they were found, for people.
        splits: The pictures of each split.
        notes: What was passed over and why, a sentence each.
        slices: The names of what else is known of every picture.
        group_by: What was asked for to keep pictures together, as `train.datasets.groups.grouping_by` takes it.
    """

    origin: str
    splits: dict[SplitName, Sequence[Sample]]
    notes: tuple[str, ...] = ()
    slices: tuple[str, ...] = ()
    group_by: str = ""


class Dataset(Protocol):
    """A named set of labelled pictures that can be split into train, validation and test."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels that suit it when nobody asks for others."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    def is_origin(self, origin: str) -> bool:
        """Whether `origin`, as recorded earlier, is what `find` would find now; quick, and False when in doubt."""

    def find(self, seed: int) -> Found:
        """Finds the pictures and splits them.

        Raises:
            DatasetError: They are not there or not as they must be.
        """

    def check(self, kept: dict[SplitName, list[int]]) -> None:
        """Judges what is left once the unreadable pictures are gone; `kept` holds each split's label indices.

        Raises:
            DatasetError: Not enough is left.
        """
