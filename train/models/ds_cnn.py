"""Depthwise separable blocks, as in MLPerf Tiny's DS-CNN and MobileNet: a filter for each channel, then a mixture."""

from typing import Any

from train.backend import keras
from train.models.blocks import SMALLEST_HALVED, convolved, normalised

WIDEST = 4  # times the first convolution's filters
LARGE = 64  # pixels; from there on the first convolution halves, as in MobileNet: it would cost half of all operations


def features(x: Any, size: tuple[int, int], width: int) -> Any:
    """Returns maps of 3 to 5 pixels.

    Args:
        x: Pixels 0 to 1.
        size: Height and width in pixels.
        width: Filters of the first convolution; they double with each halving, up to four times.
    """
    side, most = min(size), WIDEST * width
    stride = 2 if side >= LARGE else 1
    x = keras.layers.ReLU()(convolved(x, width, 3, stride))
    side //= stride
    while side >= SMALLEST_HALVED:
        width, side = min(2 * width, most), side // 2
        x = _separable(x, width, 2)
        x = _separable(x, width, 1)
    return x


def _separable(x: Any, width: int, stride: int) -> Any:
    layers = keras.layers
    x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(x)
    x = layers.ReLU()(normalised(x))
    return layers.ReLU()(convolved(x, width, 1, 1))
