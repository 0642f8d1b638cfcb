"""What int8 does to a model, in float: a training copy that shares its weights and rounds as a converter will."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.backend import keras
from train.quantisation import graph

BITS = 8
MOMENTUM = 0.99  # of the ranges while weights move; they begin as measured, so that none has to be found from nothing
LEAST = 1e-6  # an output or a channel that is always 0 still needs a range
GREY = (0.2989, 0.5870, 0.1140)  # of rgb_to_grayscale, for red, green and blue
MEASURED_AT_ONCE = 50  # pictures


def fake_quantised_kernel(kernel: Any, depthwise: bool) -> Any:
    """Returns a kernel rounded to int8 with a scale for each output channel: symmetric, -127 to 127.

    As TFLite and ONNX Runtime do it. The gradient passes straight through.

    Args:
        kernel: Float32, output channels last; of a DepthwiseConv2D ``[rows, columns, channels, multiplier]``.
        depthwise: Whether the last two axes are the output channels.
    """
    ops = keras.ops
    kernel = ops.convert_to_tensor(kernel)
    shape = kernel.shape
    if depthwise:
        kernel = ops.reshape(kernel, (*shape[:2], shape[2] * shape[3]))
    largest = ops.max(ops.abs(kernel), axis=tuple(range(len(kernel.shape) - 1)))
    largest = ops.stop_gradient(ops.maximum(largest, LEAST))
    rounded = keras.quantizers.fake_quant_with_min_max_vars(
        kernel, -largest, largest, num_bits=BITS, narrow_range=True, axis=-1
    )
    return ops.reshape(rounded, shape) if depthwise else rounded


class WithRoundedWeights(keras.layers.Layer):
    """Computes what a plain layer computes, with its kernel rounded to int8; the variables are the plain layer's own.

    The bias stays as it is: in int8 files it has 32 bits.
    """

    def __init__(self, plain: Any) -> None:
        super().__init__(name=plain.name)
        self.plain = plain
        self.built = True

    def call(self, inputs: Any) -> Any:
        kernel, *bias = self.plain.trainable_variables
        rounded = fake_quantised_kernel(kernel, graph.kind(self.plain) == "DepthwiseConv2D")
        output, _ = self.plain.stateless_call([rounded, *bias], self.plain.non_trainable_variables, inputs)
        return output

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.plain.compute_output_shape(input_shape)


class WithRoundedGrey(keras.layers.Layer):
    """Grey conversion as int8 files have it, a product with three rounded weights: white is 1.003 times as bright."""

    def call(self, inputs: Any) -> Any:
        weights = fake_quantised_kernel(np.array(GREY, np.float32).reshape(3, 1), depthwise=False)
        return keras.ops.matmul(inputs, weights)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], 1)


class Rounded(keras.layers.Layer):
    """Rounds what passes to 256 steps between the ends of a range that holds 0; in training the range follows.

    Attributes:
        low, high: The range.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.low = self.add_weight(shape=(), initializer="zeros", trainable=False, name="low")
        self.high = self.add_weight(shape=(), initializer="ones", trainable=False, name="high")
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        ops = keras.ops
        low, high = ops.convert_to_tensor(self.low), ops.convert_to_tensor(self.high)
        if training:
            low = MOMENTUM * low + (1 - MOMENTUM) * ops.minimum(ops.min(ops.stop_gradient(inputs)), 0.0)
            high = MOMENTUM * high + (1 - MOMENTUM) * ops.maximum(ops.max(ops.stop_gradient(inputs)), LEAST)
            self.low.assign(low)
            self.high.assign(high)
        return keras.quantizers.fake_quant_with_min_max_vars(inputs, low, high, num_bits=BITS)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@dataclass(frozen=True)
class Simulation:
    """A folded model and what int8 will make of it.

    Attributes:
        plain: The folded model.
        model: The training copy; its weights are those of `plain`.
        ranges: The roundings of `model` by the name of the operation behind which they are.
        measuring: From pictures to ``[n, ranges, 2]``, least and largest output of `plain` at each of them.
    """

    plain: Any
    model: Any
    ranges: dict[str, Rounded]
    measuring: Any

    def measure(self, pixels: NDArray[np.uint8]) -> None:
        """Sets the ranges to what `plain` gives for these pictures, as a converter's calibration does."""
        parts = [
            np.asarray(self.measuring.predict_on_batch(pixels[start : start + MEASURED_AT_ONCE].astype(np.float32)))
            for start in range(0, len(pixels), MEASURED_AT_ONCE)
        ]
        found = np.concatenate(parts)
        least, largest = found[..., 0].min(axis=0), found[..., 1].max(axis=0)
        for rounding, low, high in zip(self.ranges.values(), least, largest, strict=True):
            rounding.low.assign(min(float(low), 0.0))
            rounding.high.assign(max(float(high), LEAST))

    def rounded_weights(self) -> list[NDArray[np.float32]]:
        """Returns the weights of `plain`, the kernels rounded to int8: a converter finds the same integers in them."""
        kernels = {
            layer.plain.trainable_variables[0].path: graph.kind(layer.plain) == "DepthwiseConv2D"
            for layer in self.model.layers
            if isinstance(layer, WithRoundedWeights)
        }
        values = [
            fake_quantised_kernel(variable, kernels[variable.path]) if variable.path in kernels else variable
            for variable in self.plain.weights
        ]
        return [np.asarray(keras.ops.convert_to_numpy(value), np.float32) for value in values]


def simulate(plain: Any) -> Simulation:
    """Returns the training copy of a folded model; its ranges are still to be measured.

    Args:
        plain: What `train.quantisation.folding.folded` returned.
    """
    consumers = graph.consumers(plain)
    originals = {operation.name: operation for operation in plain.operations}
    ranges: dict[str, Rounded] = {}
    ends: list[Any] = []

    def clone(operation: Any) -> Any:
        if graph.kind(operation) in graph.WEIGHTED:
            return WithRoundedWeights(operation)
        return WithRoundedGrey(name=operation.name) if graph.kind(operation) == "RGBToGrayscale" else operation

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        output = operation(*args, **kwargs)
        own = originals[operation.name]
        if not _has_range(own, consumers[own.name]):
            return output
        ranges[own.name] = Rounded(f"{own.name}_rounded")
        return ranges[own.name](output)

    def measure(operation: Any, *args: Any, **kwargs: Any) -> Any:
        output = operation(*args, **kwargs)
        if operation.name in ranges:
            axes = tuple(range(1, len(output.shape)))
            ends.append(keras.ops.stack([keras.ops.min(output, axes), keras.ops.max(output, axes)], axis=-1))
        return output

    model = graph.rebuilt(plain, clone, call)
    measured = graph.rebuilt(plain, lambda operation: operation, measure)
    return Simulation(plain, model, ranges, keras.Model(measured.inputs, keras.ops.stack(ends, axis=1)))


def _has_range(operation: Any, taking: list[Any]) -> bool:
    """Whether an int8 file rounds this output: not where the values are another output's, or a ReLU is fused to it."""
    name = graph.kind(operation)
    if name in graph.PASSED_ON or graph.activation(operation) == "softmax":
        return False
    if len(taking) != 1:
        return True
    if name == "RGBToGrayscale":
        return graph.kind(taking[0]) != "Rescaling"  # its factor becomes part of the three weights
    fused = graph.activation(taking[0]) in {"relu", "relu6"}
    return not (fused and (name in graph.WEIGHTED or name == "Add"))
