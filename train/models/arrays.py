"""Weights outside a model: the arrays of each layer by its name."""

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

Arrays = Mapping[str, Sequence[NDArray[Any]]]


def arrays_of(model: Any) -> Arrays:
    """Returns the arrays of every layer that has any, in Keras' order."""
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
