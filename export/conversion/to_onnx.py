"""From the deployed graph to ONNX files, opset and IR pinned to what the stated minimum runtime reads."""

import logging
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import tf2onnx
import tf2onnx.rewriter  # here: it takes a number as it is imported, see `_traced`
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from edge_runtime.errors import VariantError
from export.conversion.graph import DeployedGraph
from export.conversion.onnx_compact import compact

OPSET = 18  # tf2onnx 1.17 refuses 20 and up
IR_VERSION = 8  # what belongs to opset 18
MINIMUM_RUNTIME = "onnxruntime 1.14"  # the first with opset 18 (onnxruntime's compatibility table)

LOOPS = ("If", "Loop", "Scan")
HALF_LEAST = 1024  # values in a weight tensor; smaller ones, a thousandth of a file, stay float32
HALF_LARGEST = 65504.0  # what float16 can hold

logging.getLogger("tf2onnx").setLevel(logging.CRITICAL)  # its errors: `_traced` raises them


def float32(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights and arithmetic in float32."""
    return _finished(_traced(graph), graph, calibration)


def float16(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights in float16, arithmetic in float32: a Cast behind each, which ONNX Runtime computes once as it loads.

    onnxruntime's own `convert_float_to_float16` makes the arithmetic float16 too. CPUs without it cast back and forth
    for that (122 instead of 101 µs for Fashion-MNIST's CNN, the same size and agreement), those with it give other
    scores, and an activation beyond 65504 becomes infinite.
    """
    model = _traced(graph)
    casts = []
    for constant in model.graph.initializer:
        if constant.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(constant)
        if values.size >= HALF_LEAST and np.abs(values).max() <= HALF_LARGEST:
            name = constant.name
            constant.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}/half"))
            casts.append(onnx.helper.make_node("Cast", [f"{name}/half"], [name], f"{name}/cast", to=1))  # 1: FLOAT
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return _finished(model, graph, calibration)


def dynamic_int8(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Weights in 8 bits, activations quantised picture by picture while it runs.

    Unsigned weights: ONNX Runtime has quick kernels for them (175 µs where signed ones take 630, for Fashion-MNIST's
    CNN on x86-64), and products of uint8 and int8 saturate on CPUs without VNNI.
    """
    with tempfile.TemporaryDirectory() as directory:
        result = Path(directory) / "result"
        quantize_dynamic(prepared(graph, Path(directory)), result, weight_type=QuantType.QUInt8)
        return _finished(onnx.load(result), graph, calibration)


def int8(graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Static int8 in QDQ form: uint8 activations, int8 weights per channel.

    x86-64 with AVX2 and without VNNI adds two of these products in 16 bits, where they overflow: 13 of 300 labels
    change there. The golden samples refuse it on such a processor, and ``auto`` takes another variant. `reduce_range`
    would be exact there at the cost of all others (agreement 0.9932 instead of 0.9977); unsigned weights are 12 times
    slower.

    Args:
        graph: What to convert.
        calibration: uint8 ``[n, h, w, 3]``, whose activations set the ranges.
    """
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        return statically_quantised(prepared(graph, place), graph, calibration, place / "ranges")


def statically_quantised(
    source: Path, graph: DeployedGraph, calibration: NDArray[np.uint8], ranges: Path, kept: Collection[str] = ()
) -> bytes:
    """Returns the static int8 file of a prepared model.

    Args:
        source: What `prepared` wrote.
        graph: What it came from.
        calibration: uint8 ``[n, h, w, 3]``, whose activations set the ranges.
        ranges: A file that keeps these ranges: written where there is none, else read, and nothing is calibrated.
        kept: Names of the nodes that stay in float32.
    """
    with tempfile.TemporaryDirectory() as directory:
        result = Path(directory) / "result"
        quantize_static(
            source,
            result,
            _Pictures(calibration),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=sorted(kept),
            calibration_cache_path=ranges,
        )
        return _finished(compact(onnx.load(result)), graph, calibration)


def minimum_runtime(content: bytes) -> str:
    """Returns the oldest ONNX Runtime that reads the file."""
    return MINIMUM_RUNTIME


def _traced(graph: DeployedGraph) -> Any:
    """Returns the float32 model.

    Raises:
        VariantError: ONNX has no operator for something it computes.
    """
    function = graph.from_uint8
    tf2onnx.utils.INTERNAL_NAME = 1  # it numbers what it names, and counts on from one conversion to the next
    model, _ = tf2onnx.convert.from_function(function, input_signature=function.input_signature, opset=OPSET)
    known = {schema.name for schema in onnx.defs.get_all_schemas() if schema.domain == ""}
    # What tf2onnx cannot translate it leaves as it is, under TensorFlow's name.
    if unknown := sorted({node.op_type for node in model.graph.node if node.op_type not in known}):
        raise VariantError(
            f"ONNX opset {OPSET} has no operator for TensorFlow's {', '.join(unknown)}; replace the layer that "
            "computes it, or leave ONNX out with --recipes"
        )
    model.graph.ClearField("doc_string")  # a number that TensorFlow gave the function in this process
    _name_constants(model.graph)
    return model


def prepared(graph: DeployedGraph, directory: Path) -> Path:
    """Writes the float32 model as ONNX Runtime's quantiser wants it; returns where.

    Raises:
        VariantError: It has a loop: what is inside of one the quantiser writes out of order.
    """
    model = _traced(graph)
    if any(node.op_type in LOOPS for node in model.graph.node):
        raise VariantError(
            "it has a loop, as of an LSTM or a GRU, which ONNX Runtime's quantiser breaks; build that layer with "
            "unroll=True, or take float16.onnx"
        )
    source, prepared = directory / "source", directory / "prepared"
    onnx.save(model, source)
    # Without the symbolic pass EfficientNet-Lite0 agrees with Keras on 0.86 of the pictures, with it on 0.63.
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    return prepared


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


def _finished(model: Any, graph: DeployedGraph, calibration: NDArray[np.uint8]) -> bytes:
    """Returns the file's content after the checks that any reader of ONNX may make, and a run.

    Raises:
        VariantError: What it gives for a picture are no scores.
        Exception: Whatever the checker, shape inference or ONNX Runtime raises.
    """
    model.ir_version = IR_VERSION
    imported = [entry for entry in model.opset_import if entry.domain in {node.domain for node in model.graph.node}]
    del model.opset_import[:]
    model.opset_import.extend(imported)  # quant_pre_process imports eight domains of which no operator comes
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    content: bytes = model.SerializeToString(deterministic=True)
    _run(content, calibration[:1])
    return content


def _run(content: bytes, picture: NDArray[np.uint8]) -> None:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    (scores,) = session.run(["scores"], {"pixels": picture})
    if scores.dtype != np.float32 or not np.isfinite(scores).all():
        raise VariantError(f"scores in float32 expected of a picture, {scores.dtype} {scores.ravel()[:3]} found")


class _Pictures(CalibrationDataReader):
    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._feed = iter(pixels)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        picture = next(self._feed, None)
        return None if picture is None else {"pixels": picture[np.newaxis]}
