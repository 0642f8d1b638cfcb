"""How good a classifier is, from its scores and the true labels: functions of values."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959964  # the 97.5th percentile of the standard normal distribution


@dataclass(frozen=True)
class LabelMetrics:
    """One label's share of the report; precision, recall and F1 from 0 to 1, 0 where they are not defined."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Metrics:
    """What `measure` found.

    Attributes:
        pictures: How many were judged.
        accuracy: Share of right answers.
        accuracy_95: Wilson's 95 % interval around it.
        loss: Mean cross-entropy in nats.
        labels: By label.
        confusion: Pictures by true label (row) and predicted label (column).
    """

    pictures: int
    accuracy: float
    accuracy_95: tuple[float, float]
    loss: float
    labels: dict[str, LabelMetrics]
    confusion: tuple[tuple[int, ...], ...]


def wilson(right: int, total: int) -> tuple[float, float]:
    """Returns the 95 % interval of a share of `right` among `total`, which is above 0.

    Wilson 1927; Brown, Cai, DasGupta 2001 (doi:10.1214/ss/1009213286), equation 4. It stays inside 0 to 1.
    """
    share, z2 = right / total, Z_95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z_95 / (1 + z2 / total) * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def measure(true: NDArray[np.int64], scores: NDArray[np.float32], labels: tuple[str, ...]) -> Metrics:
    """Returns the metrics of `scores`.

    Args:
        true: int64 ``[n]``, indices into `labels`.
        scores: float ``[n, labels]``, sums of 1.
        labels: The names.
    """
    from sklearn.metrics import confusion_matrix, log_loss, precision_recall_fscore_support

    every = np.arange(len(labels))
    predicted = scores.argmax(axis=1)
    right = int((predicted == true).sum())
    columns = precision_recall_fscore_support(true, predicted, labels=every, zero_division=0.0)
    # In float64 and made to sum to one again: scikit-learn warns about float32's rounding.
    wide = scores.astype(np.float64)
    return Metrics(
        pictures=len(true),
        accuracy=right / len(true),
        accuracy_95=wilson(right, len(true)),
        loss=float(log_loss(true, wide / wide.sum(axis=1, keepdims=True), labels=every)),
        labels={
            label: LabelMetrics(float(precision), float(recall), float(f1), int(support))
            for label, precision, recall, f1, support in zip(labels, *columns, strict=True)
        },
        confusion=tuple(tuple(int(n) for n in row) for row in confusion_matrix(true, predicted, labels=every)),
    )
