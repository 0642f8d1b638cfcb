"""Batches straight from a prepared split's memory-mapped arrays, so that a dataset may be larger than memory."""

import math

import numpy as np
from numpy.typing import NDArray

from edge_runtime.stages.prepared import Split
from train.backend import keras

EVALUATION_BATCH = 512  # pictures; larger ones were no faster and cost memory


class Batches(keras.utils.PyDataset):
    """Batches of a split, in its own order or in one that follows from seed and epoch.

    Args:
        split: The pictures.
        batch_size: Pictures a batch; the last may have fewer.
        seed: Of the order, or None for the split's own.
        flip: Whether to mirror half of the pictures left to right, drawn anew for each epoch. It is done here because a
            `keras.layers.RandomFlip` inside the model also mirrors when the model is called without ``training=False``,
            as some exporters do.
    """

    def __init__(self, split: Split, batch_size: int, seed: int | None = None, *, flip: bool = False) -> None:
        super().__init__()
        self._split = split
        self._batch_size = batch_size
        self._seed = seed
        self._flip = flip
        self.start(0)

    def start(self, epoch: int) -> None:
        """Draws the order of `epoch`, counted from 0.

        To be called when the epoch begins. `on_epoch_end` would not do: Keras also calls it before the first epoch,
        after a look at one batch.
        """
        self._epoch = epoch
        count = len(self._split.labels)
        draw = None if self._seed is None else np.random.default_rng([self._seed, epoch])
        self._order: NDArray[np.int64] = np.arange(count) if draw is None else draw.permutation(count)

    @property
    def num_batches(self) -> int:
        return math.ceil(len(self._split.labels) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Returns batch `index`: float32 ``[n, h, w, 3]`` pixels 0–255 and int64 ``[n]`` labels."""
        chosen = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        pixels = self._split.pixels[chosen]
        if self._flip:
            mirrored = np.random.default_rng([self._seed or 0, self._epoch, index]).random(len(pixels)) < 0.5
            pixels[mirrored] = pixels[mirrored, :, ::-1]
        return pixels.astype(np.float32), np.asarray(self._split.labels[chosen])
