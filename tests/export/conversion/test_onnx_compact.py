"""A quantised graph made smaller, and the same for those who run it."""

from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from export.conversion.onnx_compact import compact


def quantised() -> onnx.ModelProto:
    """y = ReLU(w1 x) + w2 x with both weights behind a DequantizeLinear, named as ONNX Runtime's quantiser names."""
    generator = np.random.default_rng(0)
    nodes, constants = [], []
    for number in (1, 2):
        weight = f"a/long/name/of/a/layer_{number}"
        parts: dict[str, NDArray[Any]] = {
            f"{weight}_quantized": generator.integers(-127, 127, (8, 8), dtype=np.int8),
            f"{weight}_scale": generator.uniform(0.01, 0.02, 8).astype(np.float32),
            f"{weight}_zero_point": np.zeros(8, np.int8),
        }
        constants += [numpy_helper.from_array(values, name) for name, values in parts.items()]
        nodes.append(
            helper.make_node("DequantizeLinear", list(parts), [f"{weight}_back"], f"{weight}_DequantizeLinear", axis=1)
        )
        nodes.append(helper.make_node("MatMul", ["0", f"{weight}_back"], [f"product_{number}"], f"layer_{number}"))
    nodes.append(helper.make_node("Relu", ["product_1"], ["positive"], "relu"))
    nodes.append(helper.make_node("Add", ["positive", "product_2"], ["y"], "sum"))
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("0", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 8])],
        constants,
        value_info=[helper.make_tensor_value_info("positive", TensorProto.FLOAT, [1, 8])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def answer(model: onnx.ModelProto) -> NDArray[np.float32]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (given,) = session.run(["y"], {"0": np.linspace(-1, 1, 8, dtype=np.float32)[np.newaxis]})
    return np.asarray(given)


def test_it_computes_the_same_in_fewer_bytes() -> None:
    model = quantised()
    before, room = answer(model), model.ByteSize()
    compact(model)
    onnx.checker.check_model(model, full_check=True)
    assert np.array_equal(answer(model), before)
    assert model.ByteSize() < 0.7 * room


def test_what_goes_in_and_out_and_the_models_own_layers_keep_their_names() -> None:
    graph = compact(quantised()).graph
    assert [node.name for node in graph.node] == ["", "layer_1", "", "layer_2", "relu", "sum"]
    assert [value.name for value in (*graph.input, *graph.output, *graph.value_info)] == ["0", "y", "positive"]


def test_no_new_name_is_that_of_another_value() -> None:
    graph = compact(quantised()).graph
    given = [name for node in graph.node for name in node.output] + [constant.name for constant in graph.initializer]
    assert "0" not in given  # the graph's input, and the first number
    assert len(given) == len(set(given))


def test_equal_constants_are_there_once() -> None:
    graph = compact(quantised()).graph
    assert (
        sum(constant.data_type == TensorProto.INT8 and len(constant.dims) == 1 for constant in graph.initializer) == 1
    )
    assert len(graph.initializer) == 5  # two weights, two rows of scales
