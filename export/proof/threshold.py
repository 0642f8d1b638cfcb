"""Below which score a prediction says too little to be a label: chosen on the validation split, never on the other."""

from dataclasses import dataclass

from edge_runtime.stages.threshold import unknown_below
from export.proof.parity import Reference


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
    """Returns what the rule of `unknown_below` chooses; a score of 0 where there is too little to choose by.

    Args:
        validation: What the Keras model made of the validation split.
    """
    best = validation.scores.max(axis=1)
    right = validation.scores.argmax(axis=1) == validation.labels
    score = unknown_below(best[right])
    if score is None:
        return Threshold(0.0, 1.0, 0.0)
    caught = float((best[~right] < score).mean()) if (~right).any() else 0.0
    return Threshold(score, float((best[right] >= score).mean()), caught)
