"""The pictures on which a variant and the Keras model are farthest apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_runtime.scores import Scores

MOST = 8  # pictures a variant: two rows of a page
LEAST = 0.005  # of a score; below that both are shown as the same two digits


@dataclass(frozen=True)
class Disagreement:
    """One picture of the test split. Labels are indices; None and a score of None where a score was not a number.

    Attributes:
        index: Of the picture in the test split.
        label: The true label.
        reference_label: The Keras model's.
        reference_score: The Keras model's, of its label.
        variant_label: The variant's.
        variant_score: The variant's, of its label.
        difference: The largest between two scores of the same label; None where a score was not a number.
    """

    index: int
    label: int
    reference_label: int
    reference_score: float
    variant_label: int | None
    variant_score: float | None
    difference: float | None


def most_disagreed(
    scores: Scores,
    predicted: NDArray[np.int64],
    reference: Scores,
    reference_predicted: NDArray[np.int64],
    labels: NDArray[np.int64],
    largest: NDArray[np.float64],
) -> tuple[Disagreement, ...]:
    """Returns at most `MOST` pictures: first those with different labels, of these first the largest difference.

    Args:
        scores: float32 ``[n, labels]``, the variant's.
        predicted: int64 ``[n]``, the variant's labels; -1 where a score is not a number.
        reference: float32 ``[n, labels]``, the Keras model's.
        reference_predicted: int64 ``[n]``, its labels.
        labels: int64 ``[n]``, the true ones.
        largest: float64 ``[n]``, the largest difference of each picture; infinite where a score is not a number.
    """
    same = predicted == reference_predicted
    order = np.lexsort((np.arange(len(labels)), -largest, same))[:MOST]
    found = []
    for index in order[~same[order] | (largest[order] >= LEAST)]:
        broken = predicted[index] < 0
        found.append(
            Disagreement(
                index=int(index),
                label=int(labels[index]),
                reference_label=int(reference_predicted[index]),
                reference_score=float(reference[index].max()),
                variant_label=None if broken else int(predicted[index]),
                variant_score=None if broken else float(scores[index].max()),
                difference=None if broken else float(largest[index]),
            )
        )
    return tuple(found)
