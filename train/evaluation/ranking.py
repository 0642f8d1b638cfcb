"""How well each label's score ranks pictures that have the label above those that do not: ROC and precision-recall."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POINTS = 200  # of a drawn curve, at most; more cannot be told apart


@dataclass(frozen=True)
class Ranking:
    """One label against all others; None where the split has no picture with it or none without."""

    auc: float | None
    average_precision: float | None


@dataclass(frozen=True)
class Curve:
    """A curve to draw; both sequences from 0 to 1."""

    x: tuple[float, ...]
    y: tuple[float, ...]


def rankings(true: NDArray[np.int64], scores: NDArray[np.float32]) -> list[Ranking]:
    """Returns AUC and average precision of every label, one against the rest.

    Args:
        true: int64 ``[n]``.
        scores: float ``[n, labels]``.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    found = []
    for label in range(scores.shape[1]):
        has, score = true == label, scores[:, label]
        if has.all() or not has.any():
            found.append(Ranking(None, None))
        else:
            found.append(Ranking(float(roc_auc_score(has, score)), float(average_precision_score(has, score))))
    return found


def macro(ranked: Sequence[Ranking]) -> tuple[float | None, float | None]:
    """Returns the means of AUC and average precision over the labels that have them."""
    areas = [one.auc for one in ranked if one.auc is not None]
    precisions = [one.average_precision for one in ranked if one.average_precision is not None]
    return (float(np.mean(areas)), float(np.mean(precisions))) if areas else (None, None)


def roc(true: NDArray[np.int64], scores: NDArray[np.float32], label: int) -> Curve:
    """Returns a label's ROC curve: true positive rate over false positive rate."""
    from sklearn.metrics import roc_curve

    x, y, _ = roc_curve(true == label, scores[:, label])
    return _thinned(x, y)


def precision_recall(true: NDArray[np.int64], scores: NDArray[np.float32], label: int) -> Curve:
    """Returns a label's precision over recall."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(true == label, scores[:, label])
    return _thinned(recall, precision)


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> Curve:
    """Keeps points that are evenly spaced along the curve, its ends among them."""
    if len(x) > POINTS:
        # By length, not by number: nine tenths of a good ROC curve's points lie in its corner.
        along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
        kept = np.unique(np.searchsorted(along, np.linspace(0, along[-1], POINTS)).clip(0, len(x) - 1))
        kept = np.union1d(kept, [0, len(x) - 1])
        x, y = x[kept], y[kept]
    return Curve(tuple(map(float, x)), tuple(map(float, y)))
