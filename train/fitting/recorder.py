"""The callback that keeps history and checkpoint, and ends training when patience is exhausted."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from train.backend import keras
from train.history import Epoch, is_over


class Recorder(keras.callbacks.Callback):
    """Adds a line to the history after each epoch and hands it on.

    Early stopping is here because `keras.callbacks.EarlyStopping` forgets best and wait between two sittings.

    Args:
        history: The epochs of earlier sittings.
        epochs: The most epochs in all.
        patience: Epochs without a better validation accuracy before the end.
        seed: Of what dropout drops.
        validated: Pictures in the validation split.
        keep: Called with the history and the model after each epoch; writes them down.
        now: A clock in seconds.

    Attributes:
        history: Every epoch so far.
        diverged: The epoch whose loss was not a number, or None.
    """

    def __init__(
        self,
        history: tuple[Epoch, ...],
        epochs: int,
        patience: int,
        seed: int,
        validated: int,
        keep: Callable[[tuple[Epoch, ...], Any], None],
        now: Callable[[], float],
    ) -> None:
        super().__init__()
        self.history = history
        self.diverged: int | None = None
        self._epochs, self._patience, self._seed = epochs, patience, seed
        self._validated = validated
        self._keep, self._now = keep, now
        self._began = now()

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._began = self._now()
        # What is dropped follows from seed and epoch, as the order does: a .keras file does not hold the state of
        # dropout's generator, and a resumed training would take another course (losses 3 % apart after 3 epochs).
        for number, layer in enumerate(self.model.layers):
            if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
                draw = np.random.default_rng([self._seed, epoch, number])
                layer.seed_generator.state.assign(draw.integers(2**32, size=2, dtype=np.uint32))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        values = {name: float((logs or {})[name]) for name in ("loss", "accuracy", "val_loss", "val_accuracy")}
        if not all(map(math.isfinite, values.values())):
            # Not written down: the checkpoint stays that of the last good epoch.
            self.diverged = epoch + 1
            self.model.stop_training = True
            return
        # A share of whole pictures. What several hosts add up, weighted, may miss it by a last digit, and of two equal
        # epochs another one would be the best than on one host.
        right = round(values["val_accuracy"] * self._validated)
        values["val_accuracy"] = float(np.float32(right / self._validated))
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        self.history += (Epoch(epoch + 1, **values, learning_rate=rate, seconds=round(self._now() - self._began, 3)),)
        self._keep(self.history, self.model)
        if is_over(self.history, self._epochs, self._patience):
            self.model.stop_training = True
