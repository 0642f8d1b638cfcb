"""The learning rate of ``schedule = "plateau"``, as a function of the history: a resumed training has the same."""

from collections.abc import Sequence

from train.config import TrainConfig
from train.fitting.history import Epoch

FACTOR = 1 / 3
EPOCHS = 2  # without a lower validation loss, after which it falls


def rate_after(history: Sequence[Epoch], config: TrainConfig) -> float:
    """Returns the learning rate of the epoch that follows `history`."""
    rate, best, wait = config.learning_rate, float("inf"), 0
    for row in history:
        if row.val_loss < best:
            best, wait = row.val_loss, 0
            continue
        wait += 1
        if wait >= EPOCHS:
            rate, wait = rate * FACTOR, 0
    return rate
