"""How near a converted file is to the Keras model, measured picture by picture through the edge runtime."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from edge_runtime.classifier import Classifier
from edge_runtime.scores import Scores
from export.proof.arrays import confusion_of, differences, ranks
from export.proof.calibration import Bin, expected_error, reliability
from export.proof.disagreement import Disagreement, most_disagreed
from export.proof.significance import mcnemar

TOP = 5  # as in top-5; with fewer labels, all of them


@dataclass(frozen=True)
class Reference:
    """What the Keras model made of the test split.

    Attributes:
        scores: float32 ``[n, labels]``.
        labels: int64 ``[n]``, the true ones.
    """

    scores: Scores
    labels: NDArray[np.int64]

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self.scores.argmax(1)
        return found

    @property
    def right(self) -> int:
        return int((self.predicted == self.labels).sum())

    @property
    def top1(self) -> float:
        return self.right / len(self.labels)

    @property
    def k(self) -> int:
        """The k of top-k: 5, or the number of labels if that is less."""
        return min(TOP, int(self.scores.shape[1]))

    @cached_property
    def top_k(self) -> float:
        """Fraction of the pictures whose true label is among the k best."""
        return int((ranks(self.scores, self.labels) < self.k).sum()) / len(self.labels)

    @cached_property
    def reliability(self) -> tuple[Bin, ...]:
        return reliability(self.scores.max(1), self.predicted == self.labels)

    @property
    def calibration_error(self) -> float:
        return expected_error(self.reliability)

    @cached_property
    def per_label(self) -> tuple[float | None, ...]:
        """Fraction of each true label's pictures that are labelled rightly; None where there are no pictures."""
        counts = self.count(np.ones(len(self.labels), np.bool_))
        right = self.count(self.predicted == self.labels)
        return tuple(own / count if count else None for own, count in zip(right, counts, strict=True))

    def count(self, chosen: NDArray[np.bool_]) -> tuple[int, ...]:
        """Returns how many of the `chosen` pictures, bool ``[n]``, each true label has."""
        found = np.bincount(self.labels[chosen], minlength=self.scores.shape[1])
        return tuple(int(count) for count in found)


@dataclass(frozen=True)
class Parity:
    """One variant against the Keras model, on the same pictures.

    Attributes:
        samples: How many pictures.
        right: How many it labels rightly.
        right_k: Of how many the true label is among its k best; k is the reference's.
        agreement: Fraction on which it gives the Keras model's label.
        largest_difference: Between two scores, over all pictures and labels.
        mean_difference: The same, on average.
        counts: Pictures of each true label.
        gained: Pictures of each true label that it labels rightly and the Keras model wrongly.
        lost: Pictures of each true label the other way round.
        per_label: Fraction of each true label's pictures that it labels rightly; None where there are no pictures.
        confusion: ``(true, predicted, pictures)`` for each pair that was met; 1,000 labels have a million pairs.
        reliability: The bins of its reliability diagram.
        disagreements: The pictures on which it is farthest from the Keras model.
        latency: Seconds inside the interpreter, the median picture's. Not for the bundle: it differs every time.
    """

    samples: int
    right: int
    right_k: int
    agreement: float
    largest_difference: float
    mean_difference: float
    counts: tuple[int, ...]
    gained: tuple[int, ...]
    lost: tuple[int, ...]
    per_label: tuple[float | None, ...]
    confusion: tuple[tuple[int, int, int], ...]
    reliability: tuple[Bin, ...]
    disagreements: tuple[Disagreement, ...]
    latency: float

    @property
    def top1(self) -> float:
        return self.right / self.samples

    @property
    def top_k(self) -> float:
        return self.right_k / self.samples

    @property
    def calibration_error(self) -> float:
        """The expected calibration error."""
        return expected_error(self.reliability)

    @property
    def p(self) -> float:
        """McNemar's exact p: how often chance would part two equally good models as far as this."""
        return mcnemar(sum(self.gained), sum(self.lost))

    @property
    def per_label_change(self) -> tuple[float | None, ...]:
        """Points that each label's accuracy changed by against the Keras model; None where there are no pictures."""
        return tuple(
            100 * (gained - lost) / count if count else None
            for gained, lost, count in zip(self.gained, self.lost, self.counts, strict=True)
        )


def measure(
    classifier: Classifier,
    pixels: NDArray[np.uint8],
    reference: Reference,
    progress: Callable[[float], None] = lambda done: None,
) -> Parity:
    """Classifies every picture and compares with the reference.

    Args:
        classifier: The edge runtime's, around the variant.
        pixels: uint8 ``[n, h, w, 3]``.
        reference: Of the same pictures.
        progress: Told after each picture which fraction is done.
    """
    scores = np.empty_like(reference.scores)
    latencies = np.empty(len(pixels))
    for number, picture in enumerate(pixels):
        judgement = classifier.classify(picture)
        scores[number], latencies[number] = judgement.scores, judgement.latency
        progress((number + 1) / len(pixels))
    return compare(scores, reference, float(np.median(latencies)))


def compare(scores: Scores, reference: Reference, latency: float) -> Parity:
    """Returns the figures for scores float32 ``[n, labels]``. A score that is not a number makes its picture wrong."""
    labels = reference.labels
    broken = np.asarray(~np.isfinite(scores).all(axis=1))
    predicted = np.where(broken, -1, scores.argmax(1))
    right, keras_right = predicted == labels, reference.predicted == labels
    among = (ranks(scores, labels) < reference.k) & ~broken
    largest, total = differences(scores, reference.scores, broken)
    counts, own = reference.count(np.ones(len(labels), np.bool_)), reference.count(right)
    return Parity(
        samples=len(scores),
        right=int(right.sum()),
        right_k=int(among.sum()),
        agreement=float((predicted == reference.predicted).mean()),
        largest_difference=float(largest.max()),
        mean_difference=total / scores.size,
        counts=counts,
        gained=reference.count(right & ~keras_right),
        lost=reference.count(~right & keras_right),
        per_label=tuple(of / count if count else None for of, count in zip(own, counts, strict=True)),
        confusion=confusion_of(labels[~broken], predicted[~broken], scores.shape[1]),
        reliability=reliability(scores[~broken].max(1), right[~broken]),
        disagreements=most_disagreed(scores, predicted, reference.scores, reference.predicted, labels, largest),
        latency=latency,
    )
