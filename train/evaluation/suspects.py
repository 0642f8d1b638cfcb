"""Pictures whose label may be wrong: those for which the finished model finds the label least likely.

A model learns most of what it is shown, also wrong labels, but it learns these last. So the worst offenders by loss are
the first to look at. Many of them are simply hard: a person decides.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from edge_runtime.stages.prepared import SplitName
from train.evaluation.verdicts import Verdicts

LISTED = 200  # of each split, in the CSV


@dataclass(frozen=True)
class Suspect:
    """A picture that got another label than it has.

    Attributes:
        split: Where it is.
        index: Its place there.
        name: What the dataset calls it; empty where it has no names.
        label: Index of the label it has.
        predicted: Index of the label it got.
        score: Of the label it got.
        loss: Cross-entropy in nats.
    """

    split: SplitName
    index: int
    name: str
    label: int
    predicted: int
    score: float
    loss: float


def suspects(split: SplitName, found: Verdicts, names: Sequence[str] | None) -> tuple[Suspect, ...]:
    """Returns the wrongly labelled pictures of a split, the highest loss first, `LISTED` at most."""
    wrong = np.flatnonzero(~found.right)
    worst = wrong[np.argsort(-found.loss[wrong], kind="stable")][:LISTED]
    return tuple(
        Suspect(
            split=split,
            index=int(at),
            name=names[at] if names is not None else "",
            label=int(found.label[at]),
            predicted=int(found.predicted[at]),
            score=float(found.score[at]),
            loss=float(found.loss[at]),
        )
        for at in worst
    )


def to_csv(found: Iterable[Suspect], labels: Sequence[str]) -> bytes:
    """Returns the suspects as CSV, in their order."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["split", "index", "picture", "label", "predicted", "score", "loss"])
    for one in found:
        values = (one.split, one.index, one.name, labels[one.label], labels[one.predicted])
        writer.writerow([*values, f"{one.score:.4f}", f"{one.loss:.4f}"])
    return text.getvalue().encode("utf-8", "backslashreplace")  # a file's name may be no UTF-8
