"""What the model made of each picture of a split: enough to compare runs and to find suspects, without all scores."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import RunError
from train.evaluation.metrics import losses

COLUMNS = ("picture", "label", "predicted", "score", "loss")


@dataclass(frozen=True)
class Verdicts:
    """One entry a picture, in the order of the split.

    Attributes:
        label: int64, the label it has.
        predicted: int64, the label it got.
        score: float32, of the label it got.
        loss: float64, cross-entropy in nats.
    """

    label: NDArray[np.int64]
    predicted: NDArray[np.int64]
    score: NDArray[np.float32]
    loss: NDArray[np.float64]

    @property
    def right(self) -> NDArray[np.bool_]:
        return np.asarray(self.label == self.predicted)


def verdicts(label: NDArray[np.int64], blocks: Iterable[NDArray[np.float32]]) -> Verdicts:
    """Returns the verdicts on a split.

    Args:
        label: int64 ``[n]``.
        blocks: float32 ``[m, labels]`` scores of neighbouring pictures, together ``n``; forgotten one by one, because
            a million pictures with a thousand labels would be 4 GB.
    """
    found, start = [], 0
    for scores in blocks:
        true = np.asarray(label[start : start + len(scores)])
        found.append((scores.argmax(axis=1), scores.max(axis=1), losses(true, scores)))
        start += len(scores)
    predicted, score, loss = (np.concatenate(column) for column in zip(*found, strict=True))
    return Verdicts(np.asarray(label), predicted, score, loss)


def to_csv(found: Verdicts, labels: Sequence[str], names: Sequence[str] | None) -> bytes:
    """Returns the verdicts as CSV, a line for each picture; without names the picture is its place in the split."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    columns = zip(found.label, found.predicted, found.score, found.loss, strict=True)
    for at, (label, predicted, score, loss) in enumerate(columns):
        name = names[at] if names is not None else at
        writer.writerow([name, labels[label], labels[predicted], f"{score:.6g}", f"{loss:.6g}"])
    return text.getvalue().encode("utf-8", "backslashreplace")  # a file's name may be no UTF-8


def read_csv(path: Path, labels: Sequence[str]) -> tuple[Verdicts, tuple[str, ...]]:
    """Returns what `to_csv` wrote, and what the pictures are called.

    Raises:
        RunError: The file cannot be read, or is something else.
    """
    places = {label: at for at, label in enumerate(labels)}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        if tuple(header) != COLUMNS or not rows:
            raise ValueError(f"columns {', '.join(header)}, {len(rows)} pictures")
        names, true, predicted, score, loss = zip(*rows, strict=True)
        return (
            Verdicts(
                np.array([places[label] for label in true], np.int64),
                np.array([places[label] for label in predicted], np.int64),
                np.array(score, np.float32),
                np.array(loss, np.float64),
            ),
            names,
        )
    except (OSError, ValueError, KeyError, csv.Error) as error:
        raise RunError(f"{path}: cannot be read as predictions: {error}; evaluate the run again") from error
