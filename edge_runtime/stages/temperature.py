"""The temperature: what a classifier's logits are divided by, so that a score of 0.9 is right nine times in ten.

Fitted on the validation split. It changes no label, only how sure the scores are. `evaluate` reports what it does to
the test split, and export puts it into every file.
"""

import numpy as np
from numpy.typing import NDArray

from edge_runtime.scores import Scores

FEWEST = 100  # validation pictures; with fewer a single one decides the temperature
COLDEST, HOTTEST = 0.05, 20.0  # wide enough for any network that has learned something
HALVINGS = 40  # of that range's logarithm: to 12 digits
DIGITS = 4  # that are kept: what another thousand pictures would change lies before the last


def fit_temperature(true: NDArray[np.int64], scores: Scores) -> float | None:
    """Returns the temperature with the lowest mean cross-entropy, or None where there is too little to fit it to.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2. The cross-entropy is convex in the inverse
    of the temperature, so its slope has one root, which is halved down to: the same answer as scikit-learn's
    ``CalibratedClassifierCV(method="temperature")``, which does not take scores of a network, refuses a split that
    lacks a label, and is not in the image that exports.

    Args:
        true: int64 ``[n]``, of the validation split.
        scores: float32 ``[n, labels]``, of the validation split, each row a softmax.
    """
    if len(true) < FEWEST or bool((scores.argmax(axis=1) == true).all()):
        return None  # without a wrong answer the loss falls for ever as the temperature does
    logits = _logits(scores).astype(np.float64)
    own = logits[np.arange(len(true)), true]

    def slope(inverse: float) -> float:
        return float((np.einsum("ij,ij->i", _softmax(logits * inverse), logits) - own).mean())

    low, high = -np.log(HOTTEST), -np.log(COLDEST)  # of the inverse's logarithm
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(np.exp(middle)) > 0 else (middle, high)
    return float(f"{np.exp(-(low + high) / 2):.{DIGITS}g}")


def heated(scores: Scores, temperature: float) -> Scores:
    """Returns ``softmax(logits / temperature)``, float32 ``[n, labels]``, from scores that are a softmax.

    Their logarithms are the logits but for a constant in each row, which a softmax does not see.
    """
    return np.asarray(_softmax(_logits(scores) / np.float32(temperature)), np.float32)


def _logits(scores: Scores) -> Scores:
    return np.log(np.maximum(scores, np.finfo(np.float32).tiny))


def _softmax(logits: NDArray[np.floating]) -> NDArray[np.floating]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
