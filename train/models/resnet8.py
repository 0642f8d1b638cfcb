"""MLPerf Tiny's image classifier (Banbury et al. 2021): three residual stacks of 16, 32 and 64 filters."""

from typing import Any

from train.backend import keras
from train.models.blocks import convolved

STACKS = (1, 2, 4)  # times the width


def features(x: Any, size: tuple[int, int], width: int) -> Any:
    """Returns maps of a quarter of the picture's size.

    Args:
        x: Pixels 0 to 1.
        size: Height and width in pixels.
        width: Filters of the first stack.
    """
    layers = keras.layers
    x = layers.ReLU()(convolved(x, width, 3, 1))
    for times in STACKS:
        stride = 1 if times == 1 else 2
        shortcut = x if stride == 1 else convolved(x, width * times, 1, stride)
        x = layers.ReLU()(convolved(x, width * times, 3, stride))
        x = layers.ReLU()(layers.Add()([convolved(x, width * times, 3, 1), shortcut]))
    return x
