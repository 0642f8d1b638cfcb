"""The callback that keeps history and checkpoint, and ends training when patience is exhausted."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from train.backend import keras
from train.fitting.history import Epoch


class Recorder(keras.callbacks.Callback):
    """Adds a line to the history after each epoch and hands it on.

    Early stopping is here because `keras.callbacks.EarlyStopping` forgets best and wait between two sittings.

    Args:
        history: The epochs of earlier sittings.
        over: Whether training ends after a history.
        validated: Pictures in the validation split.
        keep: Called with the history and the model after each epoch; writes them down.
        now: A clock in seconds.

    Attributes:
        history: Every epoch so far.
        diverged: The epoch and the step of it, both counted from 1, whose loss was not a number; or None.
    """

    def __init__(
        self,
        history: tuple[Epoch, ...],
        over: Callable[[tuple[Epoch, ...]], bool],
        validated: int,
        keep: Callable[[tuple[Epoch, ...], Any], None],
        now: Callable[[], float],
    ) -> None:
        super().__init__()
        self.history = history
        self.diverged: tuple[int, int] | None = None
        self._over = over
        self._validated = validated
        self._keep, self._now = keep, now
        self._began = now()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._began = self._now()
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        # The mean so far: once no number, it stays none.
        if self.diverged is None and not math.isfinite(float((logs or {})["loss"])):
            self.diverged = (self._epoch, batch + 1)
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = {name: float((logs or {})[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        if self.diverged is None and not all(map(math.isfinite, values.values())):
            self.diverged = (self._epoch, self.params["steps"])  # the validation loss alone: the last step did it
        if self.diverged is not None:
            # Not written down: the checkpoint stays that of the last good epoch.
            self.model.stop_training = True
            return
        # A share of whole pictures. What several hosts add up, weighted, may miss it by a last digit, and of two equal
        # epochs another one would be the best than on one host.
        right = round(values["val_accuracy"] * self._validated)
        values["val_accuracy"] = float(np.float32(right / self._validated))
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.history += (Epoch(epoch + 1, **values, learning_rate=rate, seconds=round(self._now() - self._began, 3)),)
        self._keep(self.history, self.model)
        if self._over(self.history):
            self.model.stop_training = True
