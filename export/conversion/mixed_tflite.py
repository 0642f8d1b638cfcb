"""TFLite in int8 but for some layers, which stay in float32: for models that lose too much when all of it is int8.

Calibrated once; each choice of layers is then quantised in a tenth of a second. An operator is a layer.
"""

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.python.convert import mlir_quantize

from edge_runtime.device.native import stderr_without
from export.conversion.backend import tensorflow as tf
from export.conversion.flatbuffer import read
from export.conversion.graph import DeployedGraph
from export.conversion.layer import Calibrated, Layer
from export.conversion.layer_names import LayerNames, distinct
from export.conversion.to_tflite import NOISE, convert_quietly, converter_for

OPERATORS = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


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

    def quantised(kept: Collection[Layer]) -> bytes:
        tensors = sorted(name for layer in kept for name in layer.nodes)
        with stderr_without(NOISE):
            made: bytes = mlir_quantize(content, denylisted_nodes=tensors)
        return made

    return Calibrated(_layers(content, LayerNames(graph.model)), quantised)


def _layers(content: bytes, names: LayerNames) -> tuple[Layer, ...]:
    model = read(content)
    (plan,) = model.subgraphs
    tensors, found = [], []
    for operator in plan.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        # Files keep small codes in an older field, and the newer one at 0.
        kind = OPERATORS[max(code.builtinCode, code.deprecatedBuiltinCode)]
        tensor = plan.tensors[operator.outputs[0]].name.decode()
        paths = tensor.split(";")
        # What gives the scores bears the signature's name, StatefulPartitionedCall:0, instead of its layer's.
        last = operator.outputs[0] in plan.outputs
        layer = (names.output or kind.lower()) if last else names.of(paths)
        tensors.append(tensor)
        found.append((layer or paths[0].partition("/")[2] or tensor, kind))
    return tuple(Layer(name, (tensor,)) for name, tensor in zip(distinct(found), tensors, strict=True))
