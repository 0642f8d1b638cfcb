"""From what an interpreter returns to scores, and from scores to the best labels. Pure functions of arrays."""

import numpy as np
from numpy.typing import NDArray

from edge_runtime.frozen import dataclass

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Quantisation:
    """How an integer tensor means real numbers: ``(value - zero_point) * scale``."""

    scale: float
    zero_point: int


def to_scores(raw: NDArray[np.generic], quantisation: Quantisation | None) -> Scores:
    """Returns float32 scores ``[labels]`` that sum to one.

    Args:
        raw: ``[1, labels]``: float scores, or integers with `quantisation`.
        quantisation: Of an integer output; None for a float one.

    An 8-bit softmax counts in steps of 1/256, so its values sum to one only roughly (0.98 to 1.02 is usual), also where
    a file makes floats of them again. Dividing by the sum undoes that rounding and changes no order.
    """
    values: Scores = raw[0].astype(np.float32)  # uint8 3 minus zero point 128 would wrap to 131
    if quantisation is not None:
        values = (values - np.float32(quantisation.zero_point)) * np.float32(quantisation.scale)
    total = values.sum()
    if total > 0:
        values /= total
    return values


def top_k(scores: Scores, k: int) -> list[int]:
    """Returns the indices of the `k` highest scores, best first; equal scores in the order of the labels.

    Args:
        scores: float32 ``[labels]``.
        k: How many; more than there are labels gives all of them.
    """
    return [int(index) for index in np.argsort(-scores, kind="stable")[:k]]
