"""What is made int8 or stays in float32 as a whole, as people and the quantiser call it; alike for every converter."""

from collections.abc import Callable, Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """A piece of a network.

    Attributes:
        name: For people: the Keras layer's, see `layer_names`.
        nodes: What the quantiser calls it: its output tensor in TFLite, the names of its nodes in ONNX.
    """

    name: str
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class Calibrated:
    """A float network whose activations have known ranges.

    Attributes:
        layers: In the order of computation.
        quantised: Returns the file that is in int8 but for some of them; uint8 in, float32 out.
    """

    layers: tuple[Layer, ...]
    quantised: Callable[[Collection[Layer]], bytes]
