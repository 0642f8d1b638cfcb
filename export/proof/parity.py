"""How near a converted file is to the Keras model, measured picture by picture through the edge runtime."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_runtime.classifier import Classifier
from edge_runtime.scores import Scores


@dataclass(frozen=True)
class Reference:
    """What the Keras model made of the test split.

    Attributes:
        scores: float32 ``[n, labels]``.
        labels: int64 ``[n]``, the true ones.
    """

    scores: Scores
    labels: NDArray[np.int64]

    @property
    def right(self) -> int:
        return int((self.scores.argmax(1) == self.labels).sum())

    @property
    def top1(self) -> float:
        return self.right / len(self.labels)


@dataclass(frozen=True)
class Parity:
    """One variant against the Keras model, on the same pictures.

    Attributes:
        samples: How many pictures.
        right: How many it labels rightly.
        agreement: Fraction on which it gives the Keras model's label.
        largest_difference: Between two scores, over all pictures and labels.
        mean_difference: The same, on average.
        per_label: Fraction of each true label's pictures that it labels rightly.
        confusion: ``[true][predicted]``, pictures.
        latency: Seconds inside the interpreter, the median picture's. Not for the bundle: it differs every time.
    """

    samples: int
    right: int
    agreement: float
    largest_difference: float
    mean_difference: float
    per_label: tuple[float, ...]
    confusion: tuple[tuple[int, ...], ...]
    latency: float

    @property
    def top1(self) -> float:
        return self.right / self.samples


def measure(classifier: Classifier, pixels: NDArray[np.uint8], reference: Reference) -> Parity:
    """Classifies every picture and compares with the reference.

    Args:
        classifier: The edge runtime's, around the variant.
        pixels: uint8 ``[n, h, w, 3]``.
        reference: Of the same pictures.
    """
    scores = np.empty_like(reference.scores)
    latencies = np.empty(len(pixels))
    for number, picture in enumerate(pixels):
        judgement = classifier.classify(picture)
        scores[number], latencies[number] = judgement.scores, judgement.latency
    return compare(scores, reference, float(np.median(latencies)))


def compare(scores: Scores, reference: Reference, latency: float) -> Parity:
    """Returns the figures for scores float32 ``[n, labels]``. A score that is not a number makes its picture wrong."""
    broken = np.asarray(~np.isfinite(scores).all(axis=1))
    predicted = np.where(broken, -1, scores.argmax(1))
    difference = np.abs(np.where(broken[:, None], np.inf, scores) - reference.scores)
    confusion = confusion_of(reference.labels[~broken], predicted[~broken], scores.shape[1])
    counts = np.bincount(reference.labels, minlength=scores.shape[1])
    return Parity(
        samples=len(scores),
        right=int((predicted == reference.labels).sum()),
        agreement=float((predicted == reference.scores.argmax(1)).mean()),
        largest_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
        per_label=tuple(float(value) for value in np.diag(confusion) / np.maximum(counts, 1)),
        confusion=tuple(tuple(int(value) for value in row) for row in confusion),
        latency=latency,
    )


def confusion_of(labels: NDArray[np.int64], predicted: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Returns int64 ``[count, count]``: pictures of each true label (row) by predicted label (column)."""
    return np.bincount(labels * count + predicted, minlength=count * count).reshape(count, count)
