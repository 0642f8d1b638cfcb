"""Batches straight from a prepared split's memory-mapped arrays, so that a dataset may be larger than memory."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.stages.prepared import Split
from train.backend import NAME, engine, keras
from train.distributed.share import WHOLE, Share, filled_up, shortened

EVALUATION_BATCH = 512  # pictures; larger ones were no faster and cost memory
READY = 16  # batches that lie ready at most: enough to bridge a moment in which the disk is busy
READY_BYTES = 64_000_000  # of them together, unless that is fewer than two batches


class Batches(keras.utils.PyDataset):
    """Batches of a split, in its own order or in one that follows from seed and epoch.

    Order and mirroring are drawn for whole batches, so that they do not depend on how many hosts share them.

    Args:
        split: The pictures.
        batch_size: Pictures a batch, those of all hosts together; the last may have fewer.
        seed: Of the order, for training; or None for the split's own order, with every picture counted once.
        flip: Whether to mirror half of the pictures left to right, drawn anew for each epoch. It is done here because a
            `keras.layers.RandomFlip` inside the model also mirrors when the model is called without ``training=False``,
            as some exporters do.
        share: Which part of each batch to return; `batch_size` is a multiple of its devices.
        labelled: Whether a batch's input is ``{"pixels", "labels"}``, for a model that mixes both, not pixels alone.
    """

    def __init__(
        self,
        split: Split,
        batch_size: int,
        seed: int | None = None,
        *,
        flip: bool = False,
        share: Share = WHOLE,
        labelled: bool = False,
    ) -> None:
        super().__init__()
        self._split = split
        self._batch_size = batch_size
        self._seed = seed
        self._flip = flip
        self.share = share
        self._labelled = labelled
        self._weights: NDArray[np.float32] | None = None
        self.start(0)

    def start(self, epoch: int) -> None:
        """Draws the order of `epoch`, counted from 0.

        To be called when the epoch begins. `on_epoch_end` would not do: Keras also calls it before the first epoch,
        after a look at one batch.
        """
        self._epoch = epoch
        count = len(self._split.labels)
        if self._seed is None:
            self._order, self._weights = filled_up(np.arange(count), self.share.devices)
        else:
            drawn = np.random.default_rng([self._seed, epoch]).permutation(count)
            self._order = shortened(drawn, self.share.devices)

    @property
    def num_batches(self) -> int:
        return math.ceil(len(self._order) / self._batch_size)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """Returns batch `index`: uint8 ``[n, h, w, 3]`` pixels, int64 ``[n]`` labels, and where pictures had to be
        repeated for an even share float32 ``[n]`` weights."""
        batch = slice(index * self._batch_size, (index + 1) * self._batch_size)
        chosen = self._order[batch]
        mine = self.share.of(chosen)
        pixels = self._split.pixels[chosen[mine]]
        if self._flip:
            mirrored = np.random.default_rng([self._seed or 0, self._epoch, index]).random(len(chosen))[mine] < 0.5
            pixels[mirrored] = pixels[mirrored, :, ::-1]
        labels = np.asarray(self._split.labels[chosen[mine]])
        # uint8: a quarter of the bytes on the way to the device, which makes floats of them.
        given = {"pixels": pixels, "labels": labels} if self._labelled else pixels
        if self._weights is None:
            return given, labels
        return given, labels, self._weights[batch][mine]


def fed(batches: Batches) -> Any:
    """Returns what Keras' `fit` is to be given: a dataset that has the next batches ready; on JAX `batches`.

    It gives what `batches` gives, each epoch in the order that `Batches.start` has drawn by its beginning. Keras' own
    way from `batches` takes twice the CPU time (0.9 ms a batch, this 0.4; a step of the smallest network 5).
    """
    if NAME != "tensorflow":
        return batches
    first = batches[0]
    arrays = keras.tree.flatten(first)

    def batch(index: Any) -> Any:
        made = engine.numpy_function(lambda at: keras.tree.flatten(batches[at]), [index], [one.dtype for one in arrays])
        for tensor, array in zip(made, arrays, strict=True):
            tensor.set_shape((None, *array.shape[1:]))
        return keras.tree.pack_sequence_as(first, made)

    ready = min(READY, max(2, READY_BYTES // sum(array.nbytes for array in arrays)))
    options = engine.data.Options()
    # One batch after the other in one thread: there is nothing to tune, and tuning takes as long as the batch.
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    options.threading.private_threadpool_size = 1
    return engine.data.Dataset.range(batches.num_batches).map(batch).prefetch(ready).with_options(options)
