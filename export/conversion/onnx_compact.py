"""A quantised ONNX graph with less around its weights: equal constants once, short names for what no layer is called.

ONNX Runtime's quantiser adds three constants and four names of some forty letters for each tensor that it quantises. In
a file of 78,000 weights of one byte that came to 21 kB; nothing of it changes what is computed.
"""

from collections.abc import Callable, Iterable
from typing import Any

ADDED = ("QuantizeLinear", "DequantizeLinear")  # by the quantiser, which names them after their tensors


def compact(model: Any) -> Any:
    """Returns an `onnx.ModelProto` after shortening it in place; what goes in and comes out keeps its name.

    Operators of the model's own keep the names of their layers, for those who look at the graph.
    """
    graph = model.graph
    _share_equal(graph)
    kept = {tensor.name for tensor in (*graph.input, *graph.output)}
    kept |= {name for node in graph.node if node.op_type not in ADDED for name in node.output}
    values = {name for node in graph.node for name in (*node.input, *node.output)} | {
        constant.name for constant in graph.initializer
    }
    short: dict[str, str] = {}

    def renamed(name: str) -> str:
        if not name or name in kept:  # an empty one stands for an input that is left out
            return name
        if name not in short:
            short[name] = _unused(len(short), values)
        return short[name]

    for node in graph.node:
        _replace(node.input, renamed)
        _replace(node.output, renamed)
        if node.op_type in ADDED:
            node.ClearField("name")
    for named in (*graph.initializer, *graph.value_info):
        named.name = renamed(named.name)
    return model


def _share_equal(graph: Any) -> None:
    """Leaves one of the constants that hold the same: scales of one, zero points of nought for each channel."""
    first: dict[bytes, str] = {}
    shared: dict[str, str] = {}
    different = []
    for constant in graph.initializer:
        name = constant.name
        constant.name = ""
        key = constant.SerializeToString(deterministic=True)
        constant.name = name
        shared[name] = first.setdefault(key, name)
        if shared[name] == name:
            different.append(constant)
    del graph.initializer[:]
    graph.initializer.extend(different)
    for node in graph.node:
        _replace(node.input, lambda name: shared.get(name, name))


def _replace(names: Any, renamed: Callable[[str], str]) -> None:
    for position, name in enumerate(names):
        names[position] = renamed(name)


def _unused(number: int, taken: Iterable[str]) -> str:
    name = str(number)
    while name in taken:
        name += "_"
    return name
