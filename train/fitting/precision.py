"""Arithmetic in 16 bits while training, and a model in float32 afterwards."""

import contextlib
from collections.abc import Iterator
from typing import Any

from train.backend import keras
from train.config import PrecisionName


@contextlib.contextmanager
def computing_in(precision: PrecisionName) -> Iterator[None]:
    """Lets layers that are made in the block compute in `precision`; their weights are float32 in each."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_float32(model: Any) -> Any:
    """Returns `model`, or where it computes in 16 bits another one with its weights that does not.

    A mixed-bfloat16 model converts without a word into a file that no device runs (FlexConv2D).
    """
    # Grey conversion and the like are operations: they compute in what they are given, and know no dtype.
    if all(getattr(layer, "compute_dtype", "float32") == "float32" for layer in model.layers):
        return model

    def plainly(layer: Any) -> Any:
        config = layer.get_config()
        return type(layer).from_config({**config, "dtype": "float32"} if "dtype" in config else config)

    clone = keras.models.clone_model(model, clone_function=plainly)
    clone.set_weights(model.get_weights())
    return clone
