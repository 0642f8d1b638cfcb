"""The score below which a prediction is ``unknown``: one rule, by which `evaluate` reports and export chooses."""

import numpy as np
from numpy.typing import NDArray

KEPT = 0.99  # of the rightly labelled validation pictures, how many must stay labelled
FEWEST = 100  # rightly labelled ones; with fewer the lowest percent is one picture's accident


def unknown_below(right: NDArray[np.float32]) -> float | None:
    """Returns the highest score, in steps of 0.001, that keeps `KEPT` of what is labelled rightly.

    None where that is too little to choose by.

    Args:
        right: float32 ``[n]``, the best scores of the rightly labelled validation pictures.
    """
    if len(right) < FEWEST:
        return None
    lowest = float(np.quantile(right, 1 - KEPT, method="lower"))
    return int(lowest * 1000) / 1000  # down: rounding must not push out what was to stay
