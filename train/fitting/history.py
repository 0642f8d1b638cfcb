"""What each epoch came to, and what early stopping remembers of it.

The memory is a function of the history, so a resumed training stops when an uninterrupted one would.
"""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from edge_runtime.errors import RunError


@dataclass(frozen=True)
class Epoch:
    """One line of ``history.csv``.

    Attributes:
        epoch: Counted from 1.
        loss, val_loss: Mean cross-entropy in nats, on training pictures as they went by and on the validation split.
        accuracy, val_accuracy: Share of right answers, 0 to 1.
        learning_rate: At the end of the epoch.
        seconds: It took, validation included.
    """

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class Memory:
    """What early stopping knows after some epochs.

    Attributes:
        best: The highest validation accuracy, or -1 before the first epoch.
        best_loss: The lowest validation loss with that accuracy.
        best_epoch: The first epoch that reached both, 0 before the first.
        wait: Epochs since then.
    """

    best: float = -1.0
    best_loss: float = math.inf
    best_epoch: int = 0
    wait: int = 0


def remember(history: Sequence[Epoch]) -> Memory:
    """Returns what early stopping knows after `history`.

    Of equal accuracies the one with the lower loss is better: with 23 validation pictures many epochs are all right,
    and the first of them labelled 0.86 of the test pictures rightly.
    """
    memory = Memory()
    for row in history:
        if (row.val_accuracy, -row.val_loss) > (memory.best, -memory.best_loss):
            memory = Memory(row.val_accuracy, row.val_loss, row.epoch)
        else:
            memory = replace(memory, wait=memory.wait + 1)
    return memory


def is_over(history: Sequence[Epoch], epochs: int, patience: int, first: int = 0) -> bool:
    """Whether training ends after `history`: `epochs` are done, or patience is exhausted, which begins with the epoch
    after the first `first`."""
    waited = len(history) - max(remember(history).best_epoch, first)
    return len(history) >= epochs or waited >= patience


def to_csv(history: Sequence[Epoch]) -> bytes:
    """Returns `history` as CSV with a header; floats are written so that they read back to the same value."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Epoch)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in history)
    return text.getvalue().encode()


def read_history(path: Path) -> tuple[Epoch, ...]:
    """Returns the epochs in a ``history.csv``.

    Raises:
        RunError: The file is not one, or its epochs are not 1, 2, 3 and so on.
    """
    try:
        rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
        history = tuple(
            Epoch(int(row["epoch"]), **{f.name: float(row[f.name]) for f in fields(Epoch) if f.name != "epoch"})
            for row in rows
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise RunError(f"{path}: cannot be read as a history: {error}; start over with --fresh") from error
    if [row.epoch for row in history] != list(range(1, len(history) + 1)):
        raise RunError(f"{path}: epochs 1 to {len(history)} expected, {[row.epoch for row in history]} found")
    return history
