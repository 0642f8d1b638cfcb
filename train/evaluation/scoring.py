"""A run's model, and the scores that it gives to pictures, block by block."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import RunError
from edge_runtime.stages.run import Run
from train.progress import counted

BLOCK = 512  # pictures; larger ones were no faster and cost memory


def load(run: Run) -> Any:
    """Returns the run's Keras model.

    Raises:
        RunError: It cannot be loaded.
    """
    from train.backend import keras

    try:
        return keras.models.load_model(run.model, compile=False)
    except Exception as error:  # Keras lets zipfile's, h5py's and its own errors through
        raise RunError(f"{run.model}: cannot be loaded: {error}; train again") from error


def blocks_of(pixels: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Yields neighbouring pictures; of a memory-mapped array only these are read."""
    for start in range(0, len(pixels), BLOCK):
        yield pixels[start : start + BLOCK]


def scored(model: Any, blocks: Iterable[NDArray[np.uint8]], total: int, what: str) -> Iterator[NDArray[np.float32]]:
    """Yields the model's scores of each block, float32 ``[m, labels]``.

    Args:
        model: As `load` returns it.
        blocks: uint8 ``[m, height, width, 3]`` each.
        total: Pictures in all of them, for the counter.
        what: What they are, for the counter.

    Raises:
        RunError: A score is not a number.
    """

    def one_by_one() -> Iterator[NDArray[np.float32] | None]:
        # The counter counts pictures, so each of a block's but the last is passed on as nothing.
        for block in blocks:
            scores = np.asarray(model.predict_on_batch(block.astype(np.float32)), np.float32)
            if not np.isfinite(scores).all():
                raise RunError(f"{what}: the model gives scores that are not numbers; train again")
            yield from [None] * (len(block) - 1)
            yield scores

    for scores in counted(one_by_one(), total, f"judging {what}"):
        if scores is not None:
            yield scores
