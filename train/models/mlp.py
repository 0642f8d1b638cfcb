"""The tutorials' first network: all pixels in a row, and one hidden layer."""

from typing import Any

from train.backend import keras


def features(x: Any, size: tuple[int, int], width: int) -> Any:
    """Returns what the hidden layer found.

    Args:
        x: Pixels 0 to 1.
        size: Height and width in pixels.
        width: Units of the hidden layer.
    """
    return keras.layers.Dense(width, activation="relu")(keras.layers.Flatten()(x))
