"""The networks that can be trained. Each takes raw RGB pixels and gives scores; everything between is inside."""

import importlib
from typing import Any

from edge_runtime.errors import UsageError
from train.backend import keras
from train.config import TrainConfig
from train.models import own, pretrained
from train.models.registry import NETWORKS, RANDOM, Network

HEAD = "logits"  # the layer that is new for every dataset


def build_model(config: TrainConfig, size: tuple[int, int], labels: int, grey: bool, *, bare: bool = False) -> Any:
    """Returns an untrained model, or a backbone with weights that were trained on other pictures.

    Input ``pixels``: float32 RGB ``[n, height, width, 3]``, 0–255. Output ``scores``: float32 ``[n, labels]``, sum 1.
    Grey conversion, rescaling and softmax are layers of it, built from Keras' own, so that it loads without this code.

    Args:
        config: Seeds are not set here; see `keras.utils.set_random_seed`.
        size: Height and width in pixels.
        labels: How many.
        grey: Whether the dataset is grey, so that colour can be dropped first.
        bare: Whether the weights stay random, as where others are about to be loaded.

    Raises:
        UsageError: The pictures are too small for it, there are no such weights or no such function, or the user's own
            function does not return a classifier for these pictures.
    """
    network = NETWORKS.get(config.model)
    if network is None:
        return own.build(config.model, size, labels)
    check_size(config.model, network, size)
    inputs = keras.Input((*size, 3), name="pixels")
    x = keras.ops.image.rgb_to_grayscale(inputs) if grey else inputs
    if grey and network.backbone:
        x = keras.layers.Concatenate()([x, x, x])  # what it learned from colour, it needs three channels for
    factor, offset = network.rescaling
    x = keras.layers.Rescaling(factor, offset)(x)
    module = importlib.import_module(f"train.models.{network.module}")
    x = module.features(x, size, config.width or network.width)
    if len(x.shape) == 4:
        x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(config.dropout)(x)
    # float32 also in mixed precision: float16 ends at 6e-8, and a loss takes the logarithm.
    outputs = keras.layers.Softmax(name="scores", dtype="float32")(keras.layers.Dense(labels, name=HEAD)(x))
    model = keras.Model(inputs, outputs, name=config.model)
    if network.backbone and config.weights != RANDOM and not bare:
        pretrained.fill(model, config.model, pretrained.arrays(config.model, config.weights), besides=(HEAD,))
    return model


def check_size(name: str, network: Network, size: tuple[int, int]) -> None:
    """Accepts pictures that are large enough for a network.

    Raises:
        UsageError: They are not.
    """
    if min(size) < network.smallest:
        least = network.smallest
        raise UsageError(
            f"{name} needs pictures of {least} x {least} pixels or more, the dataset has {size[0]} x {size[1]}; "
            f"prepare it with --size {least} or more (96 to 224 suit a backbone), or choose another --model"
        )
