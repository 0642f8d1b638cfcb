"""Below which score a prediction says too little: chosen on the validation split, judged on the test split."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_runtime.stages.threshold import unknown_below
from train.evaluation.metrics import wilson
from train.evaluation.ranking import POINTS, Curve

WANTED = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999)  # precisions that are reported unasked


@dataclass(frozen=True)
class Outcome:
    """What a threshold does to a split.

    Attributes:
        labelled: Share of the pictures at or above it.
        precision: Share of those that is right; None where there are none.
        precision_95: Wilson's interval around it.
    """

    labelled: float
    precision: float | None
    precision_95: tuple[float, float] | None


@dataclass(frozen=True)
class Threshold:
    """A score below which a picture gets no label.

    Attributes:
        wanted: The precision that the validation split was to have; None for the one of ``unknown``.
        score: The threshold; None where no score gives that precision.
        validation, test: What it does to each split; None without a score.
    """

    wanted: float | None
    score: float | None
    validation: Outcome | None
    test: Outcome | None


@dataclass(frozen=True)
class Judged:
    """A split's best scores and whether each was right: all that a threshold sees."""

    best: NDArray[np.float32]
    right: NDArray[np.bool_]


def judged(true: NDArray[np.int64], scores: NDArray[np.float32]) -> Judged:
    return Judged(scores.max(axis=1), scores.argmax(axis=1) == true)


def auroc(above: NDArray[np.float32], below: NDArray[np.float32]) -> float | None:
    """Returns how often a score of `above` is higher than one of `below`, ties counted half; None if one is empty.

    Hendrycks and Gimpel 2017 (arXiv:1610.02136) judge with it how well the best score tells right from wrong answers,
    and known from foreign pictures.
    """
    from sklearn.metrics import roc_auc_score

    if not len(above) or not len(below):
        return None
    known = np.concatenate([np.ones(len(above)), np.zeros(len(below))])
    return float(roc_auc_score(known, np.concatenate([above, below])))


def unknown(validation: Judged, test: Judged) -> Threshold:
    """Returns the threshold that export chooses by the same rule; without a score where there is too little for it."""
    score = unknown_below(validation.best[validation.right])
    return Threshold(None, None, None, None) if score is None else _at(score, None, validation, test)


def for_precision(wanted: float, validation: Judged, test: Judged) -> Threshold:
    """Returns the lowest score at or above which `wanted` of the validation pictures are labelled rightly.

    On the test split it may be a little more or less: chance has a part in both.
    """
    order = np.argsort(-validation.best, kind="stable")
    best = validation.best[order]
    precision = np.cumsum(validation.right[order]) / np.arange(1, len(order) + 1)
    # Pictures of one score are labelled together or not at all, so only the last of them counts.
    last = np.append(best[1:] != best[:-1], True)
    enough = np.flatnonzero(last & (precision >= wanted))
    if not len(enough):
        return Threshold(wanted, None, None, None)
    lowest = int(enough[-1])
    # Rounded down, but not so far that a wrong one slips in.
    score = float(best[lowest])
    rounded = int(score * 1000) / 1000
    if lowest + 1 == len(best):
        score = 0.0
    elif rounded > best[lowest + 1]:
        score = rounded
    return _at(score, wanted, validation, test)


def precisions(asked: Sequence[float], validation: Judged, test: Judged) -> tuple[Threshold, ...]:
    """Returns the threshold of every precision in `WANTED` and `asked`, lowest first."""
    return tuple(for_precision(wanted, validation, test) for wanted in sorted({*WANTED, *asked}))


def alike(found: Sequence[Threshold]) -> list[tuple[Threshold, ...]]:
    """Returns thresholds side by side that have the same score, as all do where the validation split is all right."""
    return [tuple(group) for _, group in itertools.groupby(found, key=lambda one: one.score)]


def coverage(split: Judged) -> Curve:
    """Returns precision (y) over the share of pictures that get a label (x), as the threshold falls."""
    order = np.argsort(-split.best, kind="stable")
    precision = np.cumsum(split.right[order]) / np.arange(1, len(order) + 1)
    kept = np.unique(np.linspace(0, len(order) - 1, min(POINTS, len(order))).astype(np.int64))
    return Curve(tuple(float(n + 1) / len(order) for n in kept), tuple(float(precision[n]) for n in kept))


def _at(score: float, wanted: float | None, validation: Judged, test: Judged) -> Threshold:
    return Threshold(wanted, score, _outcome(score, validation), _outcome(score, test))


def _outcome(score: float, split: Judged) -> Outcome:
    kept = split.best >= score
    count, right = int(kept.sum()), int(split.right[kept].sum())
    if not count:
        return Outcome(0.0, None, None)
    return Outcome(count / len(kept), right / count, wilson(right, count))
