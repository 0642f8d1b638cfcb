"""ONNX in int8 but for some layers, which stay in float32: for models that lose too much when all of it is int8.

Calibrated once; each choice of layers is then quantised in 0.1 s, or 0.7 s of a MobileNetV2. A convolution or a product
of matrices is a layer, with what follows up to the next: what stays in float32 costs the bytes of its weights alone.
"""

import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from export.conversion.graph import DeployedGraph
from export.conversion.layer import Calibrated, Layer
from export.conversion.layer_names import LayerNames, distinct
from export.conversion.to_onnx import prepared, statically_quantised

SOURCE, RANGES = "source", "ranges"  # names of files
CONVOLUTION = "Conv"
WEIGHTED = (CONVOLUTION, "ConvTranspose", "Gemm", "MatMul")  # their second input may be weights


def calibrate(graph: DeployedGraph, pixels: NDArray[np.uint8]) -> Calibrated:
    """Returns `graph` with the ranges that its activations have for uint8 ``[n, h, w, 3]`` pictures."""
    with tempfile.TemporaryDirectory() as directory:
        source, ranges = prepared(graph, Path(directory)), Path(directory) / "ranges"
        statically_quantised(source, graph, pixels, ranges)
        files = {SOURCE: source.read_bytes(), RANGES: ranges.read_bytes()}

    def quantised(kept: Collection[Layer]) -> bytes:
        nodes = [name for layer in kept for name in layer.nodes]
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            for name, content in files.items():
                (place / name).write_bytes(content)
            return statically_quantised(place / SOURCE, graph, pixels, place / RANGES, nodes)

    return Calibrated(_layers(onnx.load_from_string(files[SOURCE]).graph, LayerNames(graph.model)), quantised)


def _layers(graph: Any, names: LayerNames) -> tuple[Layer, ...]:
    constants = {constant.name: constant for constant in graph.initializer}
    groups: list[list[Any]] = [[]]
    weighted = False
    for node in graph.node:
        if node.op_type in WEIGHTED and node.input[1] in constants:
            if weighted:  # what comes before the first one belongs to it
                groups.append([])
            weighted = True
        groups[-1].append(node)
    found = [_named(group, constants, names) for group in groups]
    return tuple(
        Layer(name, tuple(node.name for node in group)) for name, group in zip(distinct(found), groups, strict=True)
    )


def _named(group: list[Any], constants: dict[str, Any], names: LayerNames) -> tuple[str, str]:
    """Returns the layer's name and the operator."""
    head = next((node for node in group if node.op_type in WEIGHTED and node.input[1] in constants), group[0])
    name = None
    if head.op_type == CONVOLUTION:
        # tf2onnx calls it after the BatchNorm that it folded in, or Conv__26: its weights know better.
        name = names.with_kernel(numpy_helper.to_array(constants[head.input[1]]))
    # Of a layer that is no Keras model's own, such as a conversion to grey, the next one's.
    candidates = (names.of([node.name]) for node in (head, *group))
    name = name or next((found for found in candidates if found), None)
    return name or head.name.partition("/")[2] or head.name, str(head.op_type)
