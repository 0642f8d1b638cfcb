"""Below which score a prediction says too little to be a label: chosen on the validation split, never on the other."""

from dataclasses import dataclass

import numpy as np

from export.proof.parity import Reference

KEPT = 0.99  # of the rightly labelled validation pictures, how many must stay labelled
FEWEST = 100  # rightly labelled ones; with fewer the lowest percent is one picture's accident


@dataclass(frozen=True)
class Threshold:
    """A score, and what it does to the validation split.

    Attributes:
        score: Predictions below it are ``unknown``.
        kept: Fraction of the rightly labelled pictures that stay labelled.
        caught: Fraction of the wrongly labelled ones that become ``unknown``.
    """

    score: float
    kept: float
    caught: float


def choose(validation: Reference) -> Threshold:
    """Returns the highest score, in steps of 0.001, that keeps `KEPT` of what the model labels rightly.

    Args:
        validation: What the Keras model made of the validation split.
    """
    best = validation.scores.max(axis=1)
    right = validation.scores.argmax(axis=1) == validation.labels
    if right.sum() < FEWEST:
        return Threshold(0.0, 1.0, 0.0)
    lowest = float(np.quantile(best[right], 1 - KEPT, method="lower"))
    score = int(lowest * 1000) / 1000  # down: rounding must not push out what was to stay
    caught = float((best[~right] < score).mean()) if (~right).any() else 0.0
    return Threshold(score, float((best[right] >= score).mean()), caught)
