"""Puts the temperature into a model: its logits are divided in the weights of the layer that makes them.

No operator is added: a file in int8 is as large and as quick as before, and rounds no score twice.
"""

from typing import Any

from export.conversion.backend import keras

WEIGHTED = {"Conv2D", "Dense"}
# What may lie between the layer that makes the logits and the scores: a division before it is a division behind it.
UNCHANGING = {
    *("AveragePooling2D", "Dropout", "Flatten", "GetItem", "GlobalAveragePooling2D", "Identity", "Permute", "Reshape"),
    *("Squeeze", "Take"),
}


def divisible(model: Any) -> bool:
    """Tells whether a layer with weights makes the logits of `model`, and nothing but its softmax takes them.

    That of a SavedModel cannot be found.
    """
    return _maker_of_logits(model) is not None


def divide_logits(model: Any, temperature: float) -> None:
    """Divides what the last softmax of a `divisible` model sees by `temperature`, above 0, in place."""
    layer = _maker_of_logits(model)
    for weights in (layer.kernel, layer.bias):
        if weights is not None:
            weights.assign(weights / temperature)


def _maker_of_logits(model: Any) -> Any:
    """Returns the layer whose kernel and bias make the logits, or None."""
    if not isinstance(model, keras.Model):
        return None
    tensor, softmax = model.outputs[0], False
    while True:
        operation, _, index = tensor._keras_history
        if len(operation._inbound_nodes) != 1 or len(operation._outbound_nodes) > 1:
            return None  # it is used for something else, too
        if isinstance(operation, keras.Model):  # a model in a model
            tensor = operation.outputs[index]
            continue
        kind, activation = type(operation).__name__, _activation(operation)
        ends = kind == "Softmax" or activation == "softmax"
        if softmax and ends:
            return None
        softmax = softmax or ends
        if kind in WEIGHTED:
            return operation if softmax and activation in ("softmax", "linear") else None
        before = operation._inbound_nodes[0].input_tensors
        if len(before) != 1 or not (ends or kind in UNCHANGING or activation == "linear"):
            return None
        (tensor,) = before


def _activation(operation: Any) -> str | None:
    return getattr(getattr(operation, "activation", None), "__name__", None)
