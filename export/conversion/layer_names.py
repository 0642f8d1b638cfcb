"""How people call what a converter made of a Keras layer.

Converters name by TensorFlow's scopes. Keras opens each layer's scope twice, to build and to call, so that `re_lu_3` is
found as ``re_lu_3_1``, and ``re_lu_1`` is `re_lu`. What they fuse or rewrite has the names of several layers, or none.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

NUMBERED = re.compile(r"_\d+$")
# Marks are means of up to millions of values in float32, each rounded by 6e-8; those of other kernels differ by 1e-3.
MARK_TOLERANCE = 1e-6


class LayerNames:
    """The names of a model's layers.

    Args:
        model: A Keras model. Of anything else, such as a SavedModel, no layer is known.

    Attributes:
        output: Of the layer that gives the scores; None where that is unknown.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._kernels: dict[str, list[NDArray[np.float32]]] = {}
        self._add_kernels(model, ())
        self.output = _last(model)

    def of(self, paths: Sequence[str]) -> str | None:
        """Returns the layer that something belongs to, or None.

        Args:
            paths: Names of what was fused into it, such as ``cnn_1/re_lu_3_1/Relu`` and
                ``cnn_1/conv2d_3_1/convolution``: of these the layer with weights is told.
        """
        found = [name for path in paths if (name := self._resolved(path))]
        return next((name for name in found if name in self._kernels), found[0] if found else None)

    def with_kernel(self, kernel: NDArray[np.float32]) -> str | None:
        """Returns the layer that a convolution's weights come from, or None.

        Args:
            kernel: float32 ``[channels out, …]``; a BatchNorm may have been folded in, which scales each channel.
        """
        wanted, channels = _mark(kernel.reshape(len(kernel), -1)), len(kernel)
        near = [
            (abs(_mark(own.reshape(-1, channels).T) - wanted), name)
            for name, kernels in self._kernels.items()
            for own in kernels
            if own.size == kernel.size
        ]
        difference, name = min(near, default=(1.0, ""))
        return name if difference < MARK_TOLERANCE else None

    def _resolved(self, path: str) -> str | None:
        first, *scopes = path.split("/")
        own = getattr(self._model, "name", None)
        if first != own and NUMBERED.sub("", first) != own:
            return None
        numbered = first != own
        names: list[str] = []
        layer = self._model
        for scope in scopes:
            inner = {one.name: one for one in _inner(layer)}
            plain = NUMBERED.sub("", scope)
            name = next((one for one in ((plain, scope) if numbered else (scope, plain)) if one in inner), None)
            if name is None:
                break
            names.append(name)
            layer = inner[name]
        return "/".join(names) or None

    def _add_kernels(self, layer: Any, names: tuple[str, ...]) -> None:
        inner = _inner(layer)
        for one in inner:
            self._add_kernels(one, (*names, one.name))
        if names and not inner:
            kernels = [np.asarray(weight) for weight in layer.weights if len(weight.shape) > 1]
            if kernels:
                self._kernels["/".join(names)] = kernels


def distinct(found: Sequence[tuple[str, str]]) -> list[str]:
    """Returns a name for each ``(layer, operator)``: the layer's alone where only one operator came of it."""
    layers = Counter(layer for layer, _ in found)
    names = [layer if layers[layer] == 1 else f"{layer}/{operator.lower()}" for layer, operator in found]
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return numbered


def _inner(layer: Any) -> list[Any]:
    """Returns the layers right inside of one: of a model, and of such as attention, whose public face has none."""
    found = getattr(layer, "_flatten_layers", None)
    return list(found(include_self=False, recursive=False)) if found else []


def _last(model: Any) -> str | None:
    names = []
    while _inner(model) and getattr(model, "outputs", None):
        model = model.outputs[0]._keras_history.operation
        names.append(model.name)
    return "/".join(names) or None


def _mark(kernel: NDArray[np.float32]) -> float:
    """Returns a number that stays when channels ``[channels, …]`` are scaled, or the others reordered."""
    sizes = np.abs(kernel.astype(np.float64))
    largest = sizes.max(axis=1, keepdims=True)
    return float((sizes / np.where(largest > 0, largest, 1)).mean())
