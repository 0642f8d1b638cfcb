"""Does a score of 0.9 mean right nine times in ten? The expected calibration error, and the temperature that lowers it.

The temperature is fitted on the validation split and judged on the test split. It changes no label, only how sure the
scores are. Export fits the same one and puts it into every file.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_runtime.stages.temperature import fit_temperature, heated
from train.evaluation.metrics import losses

BINS = 15  # of equal width, as in Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2


@dataclass(frozen=True)
class Bin:
    """The pictures whose best score lies in one fifteenth of 0 to 1; the upper end belongs to it.

    Attributes:
        pictures: How many.
        score: Their best scores' mean; 0 where there are none.
        accuracy: Share of them that is labelled rightly; 0 where there are none.
    """

    pictures: int
    score: float
    accuracy: float


@dataclass(frozen=True)
class Reliability:
    """How honest scores are.

    Attributes:
        ece: Expected calibration error: ``|accuracy - mean score|``, averaged over pictures.
        confidence: The best scores' mean; above the accuracy, the model is too sure of itself.
        loss: Mean cross-entropy in nats.
        bins: Of the reliability diagram.
    """

    ece: float
    confidence: float
    loss: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Calibration:
    """The test split's scores as they are, and divided by the temperature that suits the validation split.

    Attributes:
        temperature: None where the validation split is too small, or has no wrong answer to learn from.
        validation_pictures: It was fitted on.
        validation_ece, validation_ece_after: On those same pictures; None without a temperature.
        before: On the test split, as it is.
        after: On the test split, with the temperature.
    """

    temperature: float | None
    validation_pictures: int
    validation_ece: float
    validation_ece_after: float | None
    before: Reliability
    after: Reliability | None


def reliability(true: NDArray[np.int64], scores: NDArray[np.float32]) -> Reliability:
    """Returns how honest `scores` are; at least one picture."""
    best = scores.max(axis=1).astype(np.float64)
    right = scores.argmax(axis=1) == true
    places = np.clip(np.ceil(best * BINS).astype(np.int64) - 1, 0, BINS - 1)
    counts = np.bincount(places, minlength=BINS)
    means = np.bincount(places, best, BINS) / np.maximum(counts, 1)
    rights = np.bincount(places, right, BINS) / np.maximum(counts, 1)
    return Reliability(
        ece=float((counts * np.abs(rights - means)).sum() / len(best)),
        confidence=float(best.mean()),
        loss=float(losses(true, scores).mean()),
        bins=tuple(Bin(int(n), float(s), float(r)) for n, s, r in zip(counts, means, rights, strict=True)),
    )


def calibrate(
    validation: tuple[NDArray[np.int64], NDArray[np.float32]], test: tuple[NDArray[np.int64], NDArray[np.float32]]
) -> Calibration:
    """Fits the temperature on one split and judges it on the other; both are (labels, scores)."""
    temperature = fit_temperature(*validation)
    true, scores = validation
    return Calibration(
        temperature=temperature,
        validation_pictures=len(true),
        validation_ece=reliability(true, scores).ece,
        validation_ece_after=None if temperature is None else reliability(true, heated(scores, temperature)).ece,
        before=reliability(*test),
        after=None if temperature is None else reliability(test[0], heated(test[1], temperature)),
    )
