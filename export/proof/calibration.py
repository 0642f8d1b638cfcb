"""Does a score of 0.9 mean right nine times in ten? The expected calibration error, and what it is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15  # equal widths, as in Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2


@dataclass(frozen=True)
class Bin:
    """The pictures whose best score lies in one fifteenth of 0 to 1; the upper end belongs to it.

    Attributes:
        samples: How many.
        score: Their best scores' mean; 0 where there are none.
        accuracy: Fraction of them that is labelled rightly; 0 where there are none.
    """

    samples: int
    score: float
    accuracy: float


def reliability(best: NDArray[np.floating], right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Returns the bins of a reliability diagram.

    Args:
        best: ``[n]``, each picture's best score; numbers all of them.
        right: bool ``[n]``, whether it was labelled rightly.
    """
    places = np.clip(np.ceil(best.astype(np.float64) * BINS).astype(np.int64) - 1, 0, BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    scores = np.bincount(places, best, BINS) / np.maximum(counts, 1)
    rights = np.bincount(places, right, BINS) / np.maximum(counts, 1)
    return tuple(Bin(int(n), float(s), float(r)) for n, s, r in zip(counts, scores, rights, strict=True))


def expected_error(bins: tuple[Bin, ...]) -> float:
    """Returns the expected calibration error: |accuracy − mean score|, averaged over pictures; NaN without any."""
    samples = sum(one.samples for one in bins)
    if not samples:
        return float("nan")
    return sum(one.samples * abs(one.accuracy - one.score) for one in bins) / samples
