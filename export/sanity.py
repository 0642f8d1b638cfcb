"""Does a model that was just imported know its labels? What was typed wrongly shows in validation pictures.

A wrong range of pixels and labels in another order give a model that converts without a fault, agrees with itself in
every format, and is of no use. Here is nothing of TensorFlow: a model is a function from pixels to scores.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge_runtime.scores import Scores
from edge_runtime.stages.chance import near_chance
from edge_runtime.stages.prepared import Prepared
from export.proof.significance import mcnemar

Range = tuple[float, float]  # what a model takes for a pixel of 0, and for one of 255
Order = tuple[int, ...]  # ``order[i]`` is the index among the scores that belongs to label i

PICTURES = 400  # a MobileNetV2 takes 224 x 224 of them in 4 s on two cores, four times where all ranges are tried
RANGES: tuple[Range, ...] = ((0.0, 255.0), (0.0, 1.0), (-1.0, 1.0))
CLEARLY = 0.05  # of top-1: what an export may cost is 0.01, and a range that only nearly fits costs more
CHANCE = 0.05  # of such a difference, that of two equally good ones
LISTED = 20  # labels that a message may hold


@dataclass(frozen=True)
class Finding:
    """What some pictures say about an import.

    Attributes:
        top1: Fraction of the pictures that were labelled rightly.
        pictures: How many.
        labels: How many labels there are.
        better: Top-1 with the range and order below; None where neither is clearly better.
        range: Another range that is clearly better; or None.
        order: Another order of the scores that is clearly better; or None.
    """

    top1: float
    pictures: int
    labels: int
    better: float | None = None
    range: Range | None = None
    order: Order | None = None

    @property
    def near_chance(self) -> bool:
        """Whether it is hardly better than guessing."""
        return near_chance(self.top1, self.labels)


def examined(
    judge: Callable[[NDArray[np.float32]], Scores], prepared: Prepared, taken: Range, order: Order | None
) -> Iterator[str]:
    """Yields what is to be said of a model that was just imported: its top-1, then warnings.

    Args:
        judge: From float32 pixels ``[n, h, w, 3]``, 0 to 255, to scores, as imported.
        prepared: The dataset; some hundred of its validation pictures are judged.
        taken: The range that the model was imported with.
        order: The order of the labels that it was imported with; None for the dataset's.

    Raises:
        DatasetError: A file of the dataset is missing or was altered.
    """
    split, labels = prepared.split("validation"), prepared.record.spec.labels
    if not len(split.labels):
        yield "export: warning: not judged, the dataset has no validation pictures"
        return
    chosen = np.random.default_rng(0).permutation(len(split.labels))[:PICTURES]  # one after the other may be one label
    found = examine(judge, split.pixels[chosen].astype(np.float32), split.labels[chosen], len(labels), taken)
    yield f"top-1 on {found.pictures} validation pictures: {found.top1:.1%}"
    if found.near_chance:
        yield (
            f"export: warning: {found.top1:.1%} is near chance, {1 / found.labels:.1%} with {found.labels} "
            "labels: look at --input-range, --labels and the dataset's --resize, or the model does not know these "
            "pictures"
        )
    if found.better is not None:
        ways = []
        if found.range:
            ways.append(f"--input-range {found.range[0]:g} {found.range[1]:g}")
        if found.order:
            own = _own_order(found.order, order, labels)
            listed = ", ".join(own[:LISTED]) + (", …" if len(own) > LISTED else "")
            ways.append(f"--labels FILE with the labels in another order, probably {listed}")
        yield f"export: warning: clearly better, {found.better:.1%}, with {' and '.join(ways)}; import it again"


def examine(
    judge: Callable[[NDArray[np.float32]], Scores],
    pixels: NDArray[np.float32],
    truth: NDArray[np.int64],
    labels: int,
    taken: Range,
) -> Finding:
    """Judges pictures as imported, in other ranges, and with the scores in other orders.

    Args:
        judge: From float32 pixels ``[n, h, w, 3]`` to scores ``[n, labels]``, as imported.
        pixels: 0 to 255, in random order.
        truth: Their labels.
        labels: How many there are.
        taken: The range that the model was imported with.
    """
    predicted = {taken: judge(pixels).argmax(axis=1)}
    right = {taken: predicted[taken] == truth}
    found = Finding(float(np.mean(right[taken])), len(truth), labels)
    if found.top1 >= 1 - CLEARLY:
        return found  # nothing can be clearly better
    for other in RANGES:
        if other != taken:
            predicted[other] = judge(_in_range(pixels, taken, other)).argmax(axis=1)
            right[other] = predicted[other] == truth
    best = max(right, key=lambda one: right[one].mean())  # of equal ones the first, as imported

    # An order is found on one half and tried on the other: on its own half one fits to any scores.
    half = len(truth) // 2
    orders = {one: np.asarray(assignment(truth[:half], predicted[one][:half], labels)) for one in predicted}
    reordered = {one: orders[one][truth] == predicted[one] for one in orders}
    top = max(reordered, key=lambda one: reordered[one][half:].mean())
    if _clearly(reordered[top][half:], right[best][half:]):
        order = tuple(orders[top].tolist())
        return replace(found, better=float(reordered[top].mean()), range=top if top != taken else None, order=order)
    if best != taken and _clearly(right[best], right[taken]):
        return replace(found, better=float(right[best].mean()), range=best)
    return found


def assignment(truth: NDArray[np.int64], predicted: NDArray[np.int64], labels: int) -> Order:
    """Returns which score belongs to each label, most frequent pairs first; without evidence a label keeps its own.

    Greedy, not the best of all assignments (Kuhn 1955): where a model knows its labels both are the same, and SciPy is
    not in the image that exports.
    """
    pairs = Counter(zip(truth.tolist(), predicted.tolist(), strict=True))
    order: dict[int, int] = {}
    for label, score in sorted(pairs, key=lambda pair: (-pairs[pair], pair[0] != pair[1])):
        if label not in order and score not in order.values():
            order[label] = score
    free = set(range(labels)) - set(order.values())
    for label in sorted(set(range(labels)) - set(order), key=lambda label: label not in free):
        order[label] = label if label in free else min(free)
        free.remove(order[label])
    return tuple(order[label] for label in range(labels))


def _in_range(pixels: NDArray[np.float32], was: Range, other: Range) -> NDArray[np.float32]:
    """Returns pixels that a model behind the rescaling to `was` sees as if they were rescaled to `other`."""
    wanted = pixels / np.float32(255) * np.float32(other[1] - other[0]) + np.float32(other[0])
    shown: NDArray[np.float32] = (wanted - np.float32(was[0])) / np.float32(was[1] - was[0]) * np.float32(255)
    return shown


def _clearly(right: NDArray[np.bool_], before: NDArray[np.bool_]) -> bool:
    """Tells whether more of the same pictures are right than before, by more than 5 points and than chance."""
    gained, lost = int(np.sum(right & ~before)), int(np.sum(before & ~right))
    return gained - lost > CLEARLY * len(right) and mcnemar(gained, lost) < CHANCE


def _own_order(found: Order, imported: Order | None, labels: tuple[str, ...]) -> list[str]:
    """Returns the labels in the order of the model's own scores."""
    own = [""] * len(labels)
    for label, score in zip(labels, found, strict=True):
        own[imported[score] if imported else score] = label
    return own
