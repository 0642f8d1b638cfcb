"""From the deployed graph to ONNX files, opset and IR pinned to what the stated minimum runtime reads."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tf2onnx
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from edge_runtime.bundle import fields
from export.conversion.graph import DeployedGraph

OPSET = 18  # tf2onnx 1.17 refuses 20 and up
IR_VERSION = 8  # what belongs to opset 18
MINIMUM_RUNTIME = "onnxruntime 1.14"  # the first with opset 18 (onnxruntime's compatibility table)

logging.getLogger("tf2onnx").setLevel(logging.ERROR)


def float32(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights and arithmetic in float32."""
    return _finished(_traced(graph), graph)


def int8(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Static int8 in QDQ form: uint8 activations, int8 weights per channel.

    Args:
        graph: What to convert.
        calibration: uint8 ``[n, h, w, 3]``, whose activations set the ranges.
    """
    with tempfile.TemporaryDirectory() as directory:
        source, prepared, result = (Path(directory) / name for name in ("source", "prepared", "result"))
        onnx.save(_traced(graph), source)
        # Without the symbolic pass EfficientNet-Lite0 agrees with Keras on 0.86 of the pictures, with it on 0.63.
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            result,
            _Pictures(calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return _finished(onnx.load(result), graph)


def minimum_runtime(content: bytes) -> str:
    """Returns the oldest ONNX Runtime that reads the file."""
    return MINIMUM_RUNTIME


def _traced(graph: DeployedGraph) -> Any:
    function = graph.from_uint8
    model, _ = tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=OPSET)
    _name_constants(model.graph)
    return model


def _name_constants(graph: Any) -> None:
    """Names each constant after its first use and sorts them: tf2onnx's own names follow Python's hash seed."""
    names: dict[str, str] = {}
    constants = {constant.name: constant for constant in graph.initializer}
    for node in graph.node:
        for position, name in enumerate(node.input):
            if name in constants:
                node.input[position] = names.setdefault(name, f"{node.name}/input_{position}")
    for old, new in names.items():
        constants[old].name = new
    ordered = sorted(graph.initializer, key=lambda constant: str(constant.name))
    del graph.initializer[:]
    graph.initializer.extend(ordered)


def _finished(model: Any, graph: DeployedGraph) -> bytes:
    model.ir_version = IR_VERSION
    spec = graph.spec.preprocessing
    onnx.helper.set_model_props(
        model,
        {
            "labels": "\n".join(graph.spec.labels),
            "preprocessing": fields.canonical(spec).decode(),
        },
    )
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


class _Pictures(CalibrationDataReader):
    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._feed = iter(pixels)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        picture = next(self._feed, None)
        return None if picture is None else {"pixels": picture[np.newaxis]}
