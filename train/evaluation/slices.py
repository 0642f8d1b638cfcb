"""How the model does on parts of the test split: a folder, or the value of a column of the dataset's CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.evaluation.metrics import wilson


@dataclass(frozen=True)
class Slice:
    """One part of the test split.

    Attributes:
        column: By what it was cut.
        value: Its pictures' value there.
        pictures: How many.
        accuracy: Share of right answers.
        accuracy_95: Wilson's 95 % interval around it.
        apart: Whether that interval and the one of all other pictures do not touch.
    """

    column: str
    value: str
    pictures: int
    accuracy: float
    accuracy_95: tuple[float, float]
    apart: bool


def sliced(right: NDArray[np.bool_], columns: Mapping[str, Sequence[str]]) -> tuple[Slice, ...]:
    """Returns every part by column, worst accuracy first; a column that cuts nothing off is left out.

    Args:
        right: bool ``[n]``, whether each picture was labelled rightly.
        columns: By name, the value of each picture.
    """
    found = []
    for column, values in columns.items():
        array = np.array(values, dtype=object)
        distinct = sorted(set(values))
        if len(distinct) < 2:
            continue
        parts = [_slice(column, value, right, array == value) for value in distinct]
        found += sorted(parts, key=lambda part: (part.accuracy, part.value))
    return tuple(found)


def _slice(column: str, value: str, right: NDArray[np.bool_], inside: NDArray[np.bool_]) -> Slice:
    count, good = int(inside.sum()), int(right[inside].sum())
    low, high = wilson(good, count)
    other_low, other_high = wilson(int(right[~inside].sum()), int((~inside).sum()))
    return Slice(column, value, count, good / count, (low, high), apart=high < other_low or low > other_high)
