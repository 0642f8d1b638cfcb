"""What is counted over the scores of all pictures, a block of them at a time."""

import numpy as np
from numpy.typing import NDArray

from edge_runtime.scores import Scores

BLOCK = 1024  # pictures whose scores are compared at once: with 1,000 labels 4 MB a temporary array, not 200


def ranks(scores: Scores, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns int64 ``[n]``: how many labels come before the true one, as `edge_runtime.scores.top_k` orders them.

    Of equal scores, which int8 has many of, the label that is listed first comes first. Not a number comes nowhere.
    """
    found = np.empty(len(labels), np.int64)
    for start in range(0, len(labels), BLOCK):
        block, true = scores[start : start + BLOCK], labels[start : start + BLOCK]
        own = block[np.arange(len(true)), true][:, None]
        before = (block == own) & (np.arange(block.shape[1]) < true[:, None])
        found[start : start + BLOCK] = ((block > own) | before).sum(1)
    return found


def confusion_of(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], count: int
) -> tuple[tuple[int, int, int], ...]:
    """Returns ``(true, predicted, pictures)`` for each pair of labels that was met, ascending.

    Args:
        labels: int64 ``[n]``, the true ones.
        predicted: int64 ``[n]``.
        count: How many labels there are.
    """
    pairs, pictures = np.unique(labels * count + predicted, return_counts=True)
    return tuple((int(pair) // count, int(pair) % count, int(met)) for pair, met in zip(pairs, pictures, strict=True))


def differences(scores: Scores, reference: Scores, broken: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Returns each picture's largest difference, float64 ``[n]``, and the sum over all; infinite where broken."""
    largest, total = np.empty(len(scores)), 0.0
    for start in range(0, len(scores), BLOCK):
        part = slice(start, start + BLOCK)
        difference = np.abs(np.where(broken[part, None], np.inf, scores[part]) - reference[part])
        largest[part] = difference.max(1)
        total += float(difference.sum(dtype=np.float64))
    return largest, total
