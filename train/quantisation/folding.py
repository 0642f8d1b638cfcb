"""The model as a converter sees it: BatchNorm folded into the convolution before it, activations on their own.

Plain Keras layers alone, so that it loads anywhere. It computes what the original computes, within float32's rounding.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.backend import keras
from train.quantisation import graph


def folded(model: Any) -> Any:
    """Returns a flat model of fresh layers that computes what `model` computes.

    BatchNorm is part of the convolution (or Dense) before it where nothing else takes that one's output, and kept
    elsewhere, with its statistics frozen. A SeparableConv2D becomes the two convolutions that it is. A layer's own
    activation becomes a layer.

    Args:
        model: A trained Functional or Sequential model.

    Raises:
        RunError: A layer is not known, see `graph.check`.
    """
    model = graph.flat(model)
    graph.check(model)
    originals = {operation.name: operation for operation in model.operations}
    norms = _norms(graph.consumers(model))
    folded_away = {norm.name for norm in norms.values()}

    def clone(operation: Any) -> Any:
        config = operation.get_config()
        if graph.kind(operation) in graph.WEIGHTED:
            config["activation"] = None
            config["use_bias"] = operation.use_bias or operation.name in norms
        return type(operation).from_config(config)

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        # In the file of a model around a model stands training=False; dropout is to be active in training.
        kwargs.pop("training", None)
        original = originals[operation.name]
        if original.name in folded_away or graph.kind(original) == "ConvertToTensor":
            return args[0]
        if graph.kind(original) not in graph.WEIGHTED:
            output = operation(*args, **kwargs)
            if getattr(original, "weights", None):
                operation.set_weights(original.get_weights())
            if graph.kind(original) == "BatchNormalization":
                operation.trainable = False  # then it computes with its statistics in training as well
            return output
        *kernels, bias = _weights(original, norms.get(original.name))
        if graph.kind(original) == "SeparableConv2D":
            depthwise, operation = _separated(original, operation.use_bias)
            args = (depthwise(args[0]),)
            depthwise.set_weights([kernels.pop(0)])
        output = operation(*args, **kwargs)
        operation.set_weights([*kernels, bias] if operation.use_bias else kernels)
        if graph.activation(original) in {None, "linear"}:
            return output
        return keras.layers.Activation(original.activation, name=f"{original.name}_activation")(output)

    return graph.rebuilt(model, clone, call)


def _norms(consumers: dict[str, list[Any]]) -> dict[str, Any]:
    """Returns, by the name of a weighted layer, the BatchNorm that is to be folded into it."""
    made = {operation.name: operation for taking in consumers.values() for operation in taking}
    found = {}
    for name, taking in consumers.items():
        layer, first = made.get(name), taking[0]
        if layer is None or graph.kind(layer) not in graph.WEIGHTED or len(taking) > 1:
            continue
        if graph.kind(first) == "BatchNormalization" and graph.activation(layer) in {None, "linear"}:
            # Only the last axis: another would be rows or columns. Only a BatchNorm that serves this layer alone.
            last = first.axis in (-1, len(first.input_spec.axes or {}) and layer.output.ndim - 1)
            if last and sum(first in others for others in consumers.values()) == 1:
                found[name] = first
    return found


def _weights(layer: Any, norm: Any) -> list[NDArray[np.float32]]:
    """Returns the kernels and the bias of a layer with the BatchNorm behind it in them."""
    *kernels, bias = layer.get_weights() if layer.use_bias else [*layer.get_weights(), np.float32(0)]
    if norm is None:
        return [*kernels, bias]
    mean, variance = (np.asarray(value, np.float64) for value in (norm.moving_mean, norm.moving_variance))
    factor = 1 / np.sqrt(variance + norm.epsilon)
    if norm.scale:
        factor = factor * np.asarray(norm.gamma, np.float64)
    shift = np.asarray(norm.beta, np.float64) if norm.center else 0.0
    bias = shift + (bias - mean) * factor
    # A DepthwiseConv2D's kernel ends in [channels, multiplier], and its output's channels count through both.
    depthwise = graph.kind(layer) == "DepthwiseConv2D"
    kernels[-1] = kernels[-1] * (factor.reshape(kernels[-1].shape[2:]) if depthwise else factor)
    return [np.asarray(value, np.float32) for value in (*kernels, bias)]


def _separated(layer: Any, use_bias: bool) -> tuple[Any, Any]:
    """Returns the two convolutions, not built yet, that a SeparableConv2D is."""
    depthwise = keras.layers.DepthwiseConv2D(
        layer.kernel_size,
        layer.strides,
        layer.padding,
        layer.depth_multiplier,
        dilation_rate=layer.dilation_rate,
        use_bias=False,
        name=f"{layer.name}_depthwise",
    )
    return depthwise, keras.layers.Conv2D(layer.filters, 1, use_bias=use_bias, name=layer.name)
