"""Full int8 but for some layers, which stay in float32: for models that lose too much when all of it is int8.

Calibrated once; each choice of layers is then quantised in a tenth of a second.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.python.convert import mlir_quantize

from edge_runtime.device.native import stderr_without
from export.conversion.backend import tensorflow as tf
from export.conversion.flatbuffer import read
from export.conversion.graph import DeployedGraph
from export.conversion.layer import Layer
from export.conversion.to_tflite import NOISE, convert_quietly, converter_for

OPERATORS = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


@dataclass(frozen=True)
class Calibrated:
    """A float graph that carries the range of every activation.

    Attributes:
        content: As the quantiser takes it; not a file for an interpreter.
        layers: In the order of computation.
    """

    content: bytes
    layers: tuple[Layer, ...]

    def quantised(self, kept: Collection[Layer]) -> bytes:
        """Returns a ``.tflite`` file in int8 but for the layers `kept`; uint8 in, float32 out."""
        with stderr_without(NOISE):
            content: bytes = mlir_quantize(self.content, denylisted_nodes=sorted(layer.tensor for layer in kept))
        return content


def calibrate(graph: DeployedGraph, pixels: NDArray[np.uint8]) -> Calibrated:
    """Returns `graph` with the ranges that its activations have for uint8 ``[n, h, w, 3]`` pictures."""

    def representative() -> Iterator[list[NDArray[np.uint8]]]:
        for picture in pixels:
            yield [picture[np.newaxis]]

    converter = converter_for(graph, graph.from_uint8)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    converter._experimental_calibrate_only = True
    content = convert_quietly(converter)
    model = read(content)
    (plan,) = model.subgraphs
    layers = []
    for operator in plan.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        # Files keep small codes in an older field, and the newer one at 0.
        kind = OPERATORS[max(code.builtinCode, code.deprecatedBuiltinCode)]
        layers.append(Layer(plan.tensors[operator.outputs[0]].name.decode(), kind))
    return Calibrated(content, tuple(layers))
