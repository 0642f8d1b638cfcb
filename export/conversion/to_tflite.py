"""From the deployed graph to TFLite files. Builtin operators only: a graph that needs another fails loudly."""

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
from export.conversion.graph import DeployedGraph

MINIMUM_VERSION_KEY = b"min_runtime_version"  # TensorFlow writes it into every file's metadata
NOISE = re.compile(rb"fully_quantize: |INFO: |[IW]0000 |WARNING: All log messages before absl")


def float32(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights and arithmetic in float32."""
    return _convert(_converter(graph, graph.from_uint8))


def float16(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights in float16, arithmetic in float32 on CPUs."""
    converter = _converter(graph, graph.from_uint8)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return _convert(converter)


def dynamic_int8(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights in int8, activations quantised picture by picture while it runs."""
    converter = _converter(graph, graph.from_uint8)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return _convert(converter)


def full_int8(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights and activations in int8, uint8 in and out: no float anywhere.

    Args:
        graph: What to convert.
        calibration: uint8 ``[n, h, w, 3]``; holds a 0 and a 255, which makes the input's scale 1 and zero point 0, so
            that raw pixels are what the file takes.
    """

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for picture in calibration:
            yield [picture[np.newaxis].astype(np.float32)]

    converter = _converter(graph, graph.from_float)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.uint8
    content = _convert(converter)
    scale, zero_point = Interpreter(model_content=content).get_input_details()[0]["quantization"]
    if (scale, zero_point) != (1.0, 0):
        raise VariantError(f"input scale 1 and zero point 0 expected, {scale:g} and {zero_point} found: not raw pixels")
    return content


def minimum_runtime(content: bytes) -> str:
    """Returns the oldest TFLite that knows all operators of the file, as the converter recorded it."""
    model = schema.Model.GetRootAs(content, 0)
    for index in range(model.MetadataLength()):
        entry = model.Metadata(index)
        if entry.Name() == MINIMUM_VERSION_KEY:
            text = bytes(model.Buffers(entry.Buffer()).DataAsNumpy())
            return f"tflite {text.rstrip(bytes(1)).decode()}"
    return "tflite"


def _converter(graph: DeployedGraph, function: Any) -> Any:
    # The converter freezes what this object tracks. Keras' own variable objects are not seen: given the Keras model, it
    # leaves READ_VARIABLE operators in a file of 14 kB that loads, gives NaN, and says nothing.
    tracked = tf.Module()
    tracked.values = [variable.value for variable in graph.model.variables]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function.get_concrete_function()], tracked)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return converter


def _convert(converter: Any) -> bytes:
    with stderr_without(NOISE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Statistics for quantized inputs were expected", UserWarning)
        content: bytes = converter.convert()
    return content
