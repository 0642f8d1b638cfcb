"""What several networks are made of."""

from typing import Any

from train.backend import keras

# Keras' 0.99 needs some 500 steps to follow: validation accuracy 0.54 after an epoch that ended at 0.81.
MOMENTUM = 0.9
SMALLEST_HALVED = 6  # pixels; the shorter side of the last feature map is then 3 to 5 at any input size


def convolved(x: Any, width: int, kernel: int, stride: int) -> Any:
    """Returns a convolution and BatchNorm, which learns its bias."""
    return normalised(keras.layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(x))


def normalised(x: Any) -> Any:
    return keras.layers.BatchNormalization(momentum=MOMENTUM)(x)
