"""How good a classifier is, from its scores and the true labels: functions of values."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.evaluation.ranking import Ranking, macro, rankings

Z_95 = 1.959964  # the 97.5th percentile of the standard normal distribution
TOP = (2, 3, 5)  # sizes of the lists that are asked whether the true label is in them


@dataclass(frozen=True)
class LabelMetrics:
    """One label against all others; each from 0 to 1, and 0 where it is not defined.

    Attributes:
        precision: Of the pictures that got the label, the share that has it.
        recall: Of those that have it, the share that got it; also called sensitivity.
        specificity: Of those that do not have it, the share that did not get it.
        f1: Harmonic mean of precision and recall.
        iou: Pictures that have it and got it, of those that have it or got it (Jaccard index).
        auc: Area under the ROC curve; None where the split has no picture with it or none without.
        average_precision: Area under the precision-recall curve, as scikit-learn has it; None as above.
        support: Pictures that have it.
    """

    precision: float
    recall: float
    specificity: float
    f1: float
    iou: float
    auc: float | None
    average_precision: float | None
    support: int


@dataclass(frozen=True)
class Macro:
    """Means over the labels that the split has pictures of, each label counted once."""

    precision: float
    recall: float
    specificity: float
    f1: float
    auc: float | None
    average_precision: float | None


@dataclass(frozen=True)
class Overlap:
    """What segmentation calls these figures, for those who label pixels as samples.

    Long, Shelhamer, Darrell 2015 (arXiv:1411.4038), section 5. Means are over the labels that the split has.
    """

    pixel_accuracy: float
    mean_accuracy: float
    mean_iou: float
    frequency_weighted_iou: float


@dataclass(frozen=True)
class Metrics:
    """What `measure` found.

    Attributes:
        pictures: How many were judged.
        accuracy: Share of right answers.
        accuracy_95: Wilson's 95 % interval around it.
        loss: Mean cross-entropy in nats, of the scores with the temperature.
        top: Share of pictures whose true label is among the so many highest scores, by that number.
        macro: Means over labels.
        overlap: Segmentation's figures.
        labels: By label.
        confusion: Pictures by true label (row) and predicted label (column).
    """

    pictures: int
    accuracy: float
    accuracy_95: tuple[float, float]
    loss: float
    top: dict[str, float]
    macro: Macro
    overlap: Overlap
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


def losses(true: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Returns each picture's cross-entropy in nats; a score of 0 counts as float32's smallest, 87 nats."""
    picked = scores[np.arange(len(true)), true].astype(np.float64)
    return np.asarray(-np.log(np.maximum(picked, np.finfo(np.float32).tiny)))


def measure(true: NDArray[np.int64], scores: NDArray[np.float32], labels: tuple[str, ...]) -> Metrics:
    """Returns the metrics of `scores`.

    Args:
        true: int64 ``[n]``, indices into `labels`.
        scores: float ``[n, labels]``, sums of 1.
        labels: The names.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, top_k_accuracy_score

    every = np.arange(len(labels))
    predicted = scores.argmax(axis=1)
    right = int((predicted == true).sum())
    columns = precision_recall_fscore_support(true, predicted, labels=every, zero_division=0.0)
    confusion = confusion_matrix(true, predicted, labels=every)
    ranked = rankings(true, scores)
    by_label = {
        label: LabelMetrics(
            float(precision), float(recall), specificity, float(f1), iou, rank.auc, rank.average_precision, int(support)
        )
        for label, precision, recall, f1, support, specificity, iou, rank in zip(
            labels, *columns, specificities(confusion), ious(confusion), ranked, strict=True
        )
    }
    return Metrics(
        pictures=len(true),
        accuracy=right / len(true),
        accuracy_95=wilson(right, len(true)),
        loss=float(losses(true, scores).mean()),
        top={
            # Two labels are "binary" to scikit-learn, which then wants one column; there is nothing to list anyway.
            str(k): float(top_k_accuracy_score(true, scores, k=k, labels=every))
            for k in TOP
            if k < len(labels)
        },
        macro=_macro(by_label, ranked),
        overlap=overlap(confusion),
        labels=by_label,
        confusion=tuple(tuple(int(n) for n in row) for row in confusion),
    )


def specificities(confusion: NDArray[np.int64]) -> list[float]:
    """Returns, by label, the share of the other labels' pictures that did not get it; 0 where there are none."""
    others = confusion.sum() - confusion.sum(axis=1)
    taken = confusion.sum(axis=0) - np.diag(confusion)
    return [float(n) for n in np.where(others > 0, 1 - taken / np.maximum(others, 1), 0.0)]


def ious(confusion: NDArray[np.int64]) -> list[float]:
    """Returns each label's intersection over union; 0 for one that no picture has or got."""
    both = np.diag(confusion)
    either = confusion.sum(axis=1) + confusion.sum(axis=0) - both
    return [float(n) for n in both / np.maximum(either, 1)]


def overlap(confusion: NDArray[np.int64]) -> Overlap:
    """Returns segmentation's figures from pictures by true (row) and predicted label (column), at least one."""
    support = confusion.sum(axis=1)
    present = support > 0
    shared = np.array(ious(confusion))
    return Overlap(
        pixel_accuracy=float(np.trace(confusion) / support.sum()),
        mean_accuracy=float((np.diag(confusion)[present] / support[present]).mean()),
        mean_iou=float(shared[present].mean()),
        frequency_weighted_iou=float((shared * support).sum() / support.sum()),
    )


def _macro(labels: dict[str, LabelMetrics], ranked: list[Ranking]) -> Macro:
    present = [one for one in labels.values() if one.support]

    def mean(name: str) -> float:
        return float(np.mean([getattr(one, name) for one in present]))

    area, precision = macro(ranked)
    return Macro(mean("precision"), mean("recall"), mean("specificity"), mean("f1"), area, precision)
