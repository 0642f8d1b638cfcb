"""EfficientNet-Lite0: no squeeze and excitation, ReLU6, so that int8 costs it little.

The architecture is that of https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite. Keras has
the other EfficientNets alone.
"""

from typing import Any

from train.backend import keras

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


def _activated(x: Any, name: str) -> Any:
    normal = keras.layers.BatchNormalization(epsilon=1e-3, name=name)(x)
    return keras.layers.ReLU(6.0)(normal)
