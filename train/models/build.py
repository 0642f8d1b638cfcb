"""The networks that can be trained. Each takes raw RGB pixels and gives scores; everything between is inside."""

from typing import Any

from train.backend import keras
from train.config import TrainConfig

# Fashion-MNIST, 28 × 28: 32, 64, 128, 128 filters, 242,506 parameters. With TrainConfig's defaults, five trainings:
# validation .9262 to .9300, test .9277 to .9301, 160 to 170 s of CPU time each (half of that on two idle cores).
# 8 epochs, seed 0: validation .9302, test .9282. 32, 64, 128 filters, every block normalised, 10 epochs: test .9122,
# and .9072 with mirroring, which Fashion-MNIST's shoes, all pointing left, do not like.
BASE_WIDTH, MOST_WIDTH = 32, 128
# Keras' 0.99 needs some 500 steps to follow: validation accuracy 0.54 after an epoch that ended at 0.81.
MOMENTUM = 0.9
RESNET_WIDTHS = (16, 32, 64)
SMALLEST_HALVED = 6  # pixels; the shorter side of the last feature map is then 3 to 5 at any input size


def build_model(config: TrainConfig, size: tuple[int, int], labels: int, grey: bool, steps: int) -> Any:
    """Returns a compiled, untrained model.

    Input ``pixels``: float32 RGB ``[n, height, width, 3]``, 0–255. Output ``scores``: float32 ``[n, labels]``, sum 1.
    Grey conversion, rescaling and softmax are layers of it, built from Keras' own, so that it loads without this code.

    Args:
        config: Seeds are not set here; see `keras.utils.set_random_seed`.
        size: Height and width in pixels.
        labels: How many.
        grey: Whether the dataset is grey, so that colour can be dropped first.
        steps: Of the whole training, over which the learning rate falls to zero.
    """
    layers = keras.layers
    inputs = keras.Input((*size, 3), name="pixels")
    x = keras.ops.image.rgb_to_grayscale(inputs) if grey else inputs
    x = layers.Rescaling(1 / 255)(x)
    features = {"cnn": _cnn, "resnet8": _resnet8}[config.model](x, size)
    x = layers.Dropout(config.dropout)(layers.GlobalAveragePooling2D()(features))
    outputs = layers.Softmax(name="scores")(layers.Dense(labels, name="logits")(x))
    model = keras.Model(inputs, outputs, name=config.model)
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
    # Weighted: several hosts fill up the last validation batch with pictures that weigh nothing.
    model.compile(keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return model


def _cnn(x: Any, size: tuple[int, int]) -> Any:
    layers = keras.layers
    width, side, first = BASE_WIDTH, min(size), True
    while side >= SMALLEST_HALVED:
        x = _block(x, width, normalise=not first)
        x = layers.MaxPooling2D()(x)
        width, side, first = min(2 * width, MOST_WIDTH), side // 2, False
    return _block(x, width, normalise=True)


def _resnet8(x: Any, size: tuple[int, int]) -> Any:
    """MLPerf Tiny's image classifier (Banbury et al. 2021): three residual stacks of 16, 32 and 64 filters."""
    layers = keras.layers
    x = layers.ReLU()(_convolved(x, RESNET_WIDTHS[0], 3, 1))
    for width in RESNET_WIDTHS:
        stride = 1 if width == RESNET_WIDTHS[0] else 2
        shortcut = x if stride == 1 else _convolved(x, width, 1, stride)
        x = layers.ReLU()(_convolved(x, width, 3, stride))
        x = layers.ReLU()(layers.Add()([_convolved(x, width, 3, 1), shortcut]))
    return x


def _convolved(x: Any, width: int, kernel: int, stride: int) -> Any:
    x = keras.layers.Conv2D(width, kernel, stride, padding="same", use_bias=False)(x)
    return keras.layers.BatchNormalization(momentum=MOMENTUM)(x)


def _block(x: Any, width: int, normalise: bool) -> Any:
    layers = keras.layers
    x = layers.Conv2D(width, 3, padding="same", use_bias=not normalise)(x)
    if normalise:
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    return layers.ReLU()(x)
