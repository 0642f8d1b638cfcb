"""What a network will cost on a device, known before it is trained."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from train.backend import keras

CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D")
# What a full_int8.tflite holds beside its weights, in bytes. A channel: bias, scale, scale of the bias, and its part of
# the zero points. Trained networks: cnn -0.7 %, resnet8 -3.3 %, EfficientNet-Lite0 with ImageNet's weights +0.4 %.
PER_FILE, PER_OPERATOR, PER_CHANNEL = 2000, 240, 16
# Part of the convolution before it, or nothing at all, in TFLite.
FOLDED = {"InputLayer", "Dropout", "BatchNormalization", "ReLU", "ZeroPadding2D", "Flatten", "Identity"}


@dataclass(frozen=True)
class Cost:
    """Of one picture.

    Attributes:
        parameters: Numbers in the model, those that do not learn included.
        macs: Multiplications with an addition, of convolutions, Dense and recurrent layers; BatchNorm becomes part of
            a convolution, and what activations, poolings and additions do is not counted.
        int8_bytes: About what full_int8.tflite will take.
        uncounted: Kinds of layers that have weights and whose operations are not known.
    """

    parameters: int
    macs: int
    int8_bytes: int
    uncounted: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = (
            f"{self.parameters:,} parameters, {_short(self.macs)} multiply-accumulates a picture, "
            f"about {self.int8_bytes / 1e6:.2g} MB as full int8"
        )
        return f"{text} (without {', '.join(self.uncounted)})" if self.uncounted else text


def cost(model: Any) -> Cost:
    """Returns what `model`, Functional or Sequential, costs."""
    macs, size, uncounted = 0, PER_FILE, set()
    for layer in _leaves(model):
        name = type(layer).__name__
        if name in FOLDED:
            continue
        kernels = [weight.shape for weight in getattr(layer, "weights", []) if len(weight.shape) > 1]
        channels = sum(shape[-2] * shape[-1] if name == "DepthwiseConv2D" else shape[-1] for shape in kernels)
        size += sum(map(math.prod, kernels)) + PER_CHANNEL * channels
        size += PER_OPERATOR * OPERATORS.get(name, 1) * (int(layer.input.shape[1]) if name in GATES else 1)
        counted = _macs(layer, name)
        if counted is None and kernels:
            uncounted.add(name)
        macs += counted or 0
    return Cost(model.count_params(), macs, size, tuple(sorted(uncounted)))


# Of TFLite, for each step of a sequence: LSTM 2 products, 2 sums, split, 3 sigmoids, 2 tanh, 3 products, 1 sum, slice.
OPERATORS = {"LSTM": 15, "GRU": 17, "SimpleRNN": 5, "SeparableConv2D": 2}
GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


def _macs(layer: Any, name: str) -> int | None:
    """Returns a layer's multiply-accumulates for one picture, or None where it is not known."""
    if name in GATES:
        given = layer.input.shape[-1]
        return int(layer.input.shape[1] * GATES[name] * layer.units * (given + layer.units))
    if name == "Dense":
        return _places(layer.input.shape[1:]) * int(layer.units)
    if name == "SeparableConv2D":
        deep = int(layer.input.shape[-1]) * int(layer.depth_multiplier)
        return _places(layer.output.shape[1:3]) * (_places(layer.kernel_size) + int(layer.filters)) * deep
    if name == "DepthwiseConv2D":
        return _places(layer.output.shape[1:]) * _places(layer.kernel_size)
    if name in CONVOLUTIONS:
        given = int(layer.input.shape[-1]) // int(layer.groups)
        return _places(layer.output.shape[1:]) * _places(layer.kernel_size) * given
    if name.removesuffix("Transpose") in CONVOLUTIONS:
        return _places(layer.input.shape[1:]) * _places(layer.kernel_size) * int(layer.filters)
    return None


def _places(shape: Sequence[int | None]) -> int:
    """Returns a product of sides; of one that a model leaves open, 1."""
    return math.prod(side or 1 for side in shape)


def _leaves(model: Any) -> Iterator[Any]:
    for layer in getattr(model, "operations", model.layers):
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer


def _short(number: int) -> str:
    for unit, size in (("billion", 1e9), ("million", 1e6), ("thousand", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)
