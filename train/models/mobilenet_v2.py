"""MobileNetV2 (Sandler et al. 2018), as Keras builds it."""

from typing import Any

from train.backend import keras
from train.models.arrays import Arrays, arrays_of


def features(x: Any, size: tuple[int, int], width: int) -> Any:
    """Returns maps of a 32nd of the picture's size.

    Args:
        x: Colour, -1 to 1.
        size: Height and width in pixels, each 32 or more.
        width: Is fixed.
    """
    return keras.applications.MobileNetV2(input_tensor=x, include_top=False, weights=None).output


def imagenet() -> Arrays:
    """Returns the arrays of ImageNet, from Keras' cache or its server."""
    source = keras.applications.MobileNetV2(input_shape=(224, 224, 3), include_top=False, weights="imagenet")
    return arrays_of(source)
