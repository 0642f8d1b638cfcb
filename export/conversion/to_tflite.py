"""From the deployed graph to TFLite files. Builtin operators only: a graph that needs another fails loudly."""

import errno
import os
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema

from edge_runtime.device.native import stderr_without
from edge_runtime.errors import VariantError
from export.conversion.backend import tensorflow as tf
from export.conversion.flatbuffer import cast_in_front
from export.conversion.graph import DeployedGraph
from export.conversion.weights import VERSIONS, with_quantised

MINIMUM_VERSION_KEY = b"min_runtime_version"  # TensorFlow writes it into every file's metadata
NOISE = re.compile(
    rb"fully_quantize: |INFO: |[IW]0000 |WARNING: All log messages before absl"
    # What it cannot translate; the exception says that as well.
    rb"|loc\(|error: failed while converting|Some ops in the model are |(Custom|Flex) ops: |Details:|\ttf\.|\s*$"
)
NO_BUILTIN = re.compile(r"'tf\.(\w+)' op is neither a custom op nor a flex op")
LOOPS = {"While", "StatelessWhile"}

# What a file needs beyond what the converter recorded: that looks at versions of operators, and neither the int16 mode
# nor ai-edge-quantizer raises them. Of TensorFlow's runtime_version.cc: the first with a scale for each channel in
# DEQUANTIZE, and the first with all int16 operators.
SCALE_FOR_EACH_CHANNEL = (2, 7, 0)
INT16 = (2, 6, 0)
# tflite-runtime 2.14 refuses int4 ("DEQUANTIZE"), ai-edge-litert 1.0.1 gives the same scores as 2.3; none lies between.
INT4 = "ai-edge-litert 1.0.1"


def float32(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights and arithmetic in float32."""
    return convert_quietly(converter_for(graph, graph.from_uint8))


def float16(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights in float16, arithmetic in float32 on CPUs."""
    converter = converter_for(graph, graph.from_uint8)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return convert_quietly(converter)


def dynamic_int8(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights in int8, activations quantised picture by picture while it runs."""
    converter = converter_for(graph, graph.from_uint8)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return convert_quietly(converter)


def full_int8(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights and activations in int8, uint8 in and out: no float anywhere.

    Args:
        graph: What to convert.
        calibration: uint8 ``[n, h, w, 3]``; holds a 0 and a 255, which makes the input's scale 1 and zero point 0, so
            that raw pixels are what the file takes.
    """

    converter = _calibrated(graph, calibration)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    content = convert_quietly(converter)
    scale, zero_point = Interpreter(model_content=content).get_input_details()[0]["quantization"]
    if (scale, zero_point) != (1.0, 0):
        raise VariantError(f"input scale 1 and zero point 0 expected, {scale:g} and {zero_point} found: not raw pixels")
    return content


def int16x8(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights in int8, activations in int16; uint8 in, float32 out.

    Args:
        graph: What to convert.
        calibration: uint8 ``[n, h, w, 3]``, whose activations set the ranges.
    """
    converter = _calibrated(graph, calibration)
    mode = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    converter.target_spec.supported_ops = [mode]
    # In this mode the converter refuses a graph that begins with a cast.
    return cast_in_front(convert_quietly(converter))


def weight_int8(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights in int8, a scale for each channel; arithmetic in float32."""
    return with_quantised(float32(graph, calibration), bits=8)


def weight_int4(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights in int4, a scale for each channel; arithmetic in float32."""
    return with_quantised(float32(graph, calibration), bits=4)


def minimum_runtime(content: bytes) -> str:
    """Returns the oldest TFLite that runs the file: what the converter recorded, and what it does not know of."""
    model = schema.Model.GetRootAs(content, 0)
    graphs = [model.Subgraphs(index) for index in range(model.SubgraphsLength())]
    types = {graph.Tensors(index).Type() for graph in graphs for index in range(graph.TensorsLength())}
    if schema.TensorType.INT4 in types:
        return INT4
    codes = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    versions = [_recorded(model)]
    if any(code.BuiltinCode() == schema.BuiltinOperator.DEQUANTIZE and code.Version() >= VERSIONS[8] for code in codes):
        versions.append(SCALE_FOR_EACH_CHANNEL)
    if schema.TensorType.INT16 in types:
        versions.append(INT16)
    return "tflite " + ".".join(str(part) for part in max(versions))


def _recorded(model: Any) -> tuple[int, ...]:
    for index in range(model.MetadataLength()):
        entry = model.Metadata(index)
        if entry.Name() == MINIMUM_VERSION_KEY:
            text = bytes(model.Buffers(entry.Buffer()).DataAsNumpy()).rstrip(bytes(1)).decode()
            return tuple(int(part) for part in text.split("."))
    return (2, 0, 0)  # Keras 3 and this converter write nothing older


def _calibrated(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> Any:
    _refuse_loops(graph.from_float)

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for picture in calibration:
            yield [picture[np.newaxis].astype(np.float32)]

    converter = converter_for(graph, graph.from_float)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    return converter


def converter_for(graph: DeployedGraph, function: Any) -> Any:
    """Returns TensorFlow's converter for one of a graph's functions, builtin operators only."""
    # The converter freezes what this object tracks. Keras' own variable objects are not seen: given the Keras model, it
    # leaves READ_VARIABLE operators in a file of 14 kB that loads, gives NaN, and says nothing.
    tracked = tf.Module()
    tracked.values = [variable.value for variable in graph.model.variables]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], tracked)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter


def _refuse_loops(function: Any) -> None:
    """Accepts a graph without loops: on one with, TensorFlow's calibrator ends the process (SIGSEGV, 2.21)."""
    graph = function.get_concrete_function().graph.as_graph_def()
    nodes = [*graph.node, *(node for inner in graph.library.function for node in inner.node_def)]
    if LOOPS & {node.op for node in nodes}:
        raise VariantError(
            "it has a loop, as of an LSTM or a GRU, which TensorFlow's calibrator does not survive; build that layer "
            "with unroll=True, or take weight_int8.tflite or dynamic_int8.tflite"
        )


def convert_quietly(converter: Any) -> bytes:
    """Returns the file.

    Raises:
        VariantError: TFLite has no builtin operator for something in the graph.
        OSError: The disk is full.
        Exception: What else TensorFlow raises.
    """
    content, refused = b"", None
    with stderr_without(NOISE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected", UserWarning)
        try:
            content = bytes(converter.convert())
        except Exception as error:
            operators = sorted(set(NO_BUILTIN.findall(str(error))))
            if not operators:
                raise
            refused = VariantError(
                f"TFLite has no builtin operator for TensorFlow's {', '.join(operators)}, and devices' interpreters "
                "have no others (Flex); replace the layer that computes it, or leave TFLite out with --recipes"
            )
            refused.__cause__ = error
    if refused:
        raise refused  # here: `stderr_without` shows all that was written before an exception, pages of it
    if not converter.saved_model_dir:
        # It could not write the SavedModel that it begins with, and went another way, to other bytes: in silence.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return content
