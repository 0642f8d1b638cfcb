"""What converters make of a layer is called as its author called the layer."""

from typing import Any

import numpy as np
import pytest

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from export.conversion import mixed_onnx, mixed_tflite, to_onnx
from export.conversion.backend import keras
from export.conversion.graph import DeployedGraph
from export.conversion.layer import Calibrated
from export.conversion.layer_names import LayerNames, distinct

SPEC = ModelSpec(("a", "b", "c"), PreprocessingSpec((16, 16)))
PIXELS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
PIXELS[0], PIXELS[1] = 0, 255


def normalised(model: Any) -> Any:
    """Gives each BatchNorm weights as after a training: of nought and one, converters drop what they fold."""
    generator = np.random.default_rng(0)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([generator.uniform(0.5, 2, weight.shape) for weight in layer.get_weights()])
    return model


def residual() -> Any:
    """Layers whose names are other layers' with a number, and a convolution to which no name is left."""
    keras.utils.set_random_seed(0)
    layers = keras.layers
    pixels = keras.Input((16, 16, 3))
    x = layers.Rescaling(1 / 255, name="range")(pixels)
    x = layers.ReLU(name="relu_1")(layers.BatchNormalization()(layers.Conv2D(8, 3, name="conv_1", use_bias=False)(x)))
    x = layers.ReLU(name="relu")(layers.BatchNormalization()(layers.Conv2D(8, 3, name="conv", use_bias=False)(x)))
    beside = layers.BatchNormalization()(layers.Conv2D(8, 1, name="beside", use_bias=False)(x))
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same", name="depth", use_bias=False)(x))
    x = layers.GlobalAveragePooling2D(name="mean")(layers.Add(name="sum")([x, beside]))
    return normalised(keras.Model(pixels, layers.Dense(3, activation="softmax", name="predictions")(x), name="net"))


def nested() -> Any:
    keras.utils.set_random_seed(0)
    layers = keras.layers
    inside = [keras.Input((16, 16, 3)), layers.Conv2D(4, 3, name="first"), layers.BatchNormalization(), layers.ReLU()]
    backbone = keras.Sequential([*inside, layers.Flatten(name="flat"), layers.Dense(3, name="last")], name="backbone")
    last = layers.Softmax(name="probabilities")
    return normalised(keras.Sequential([keras.Input((16, 16, 3)), layers.Rescaling(1 / 255), backbone, last]))


def names(calibrated: Calibrated) -> list[str]:
    return [layer.name for layer in calibrated.layers]


def test_operators_in_tflite_are_called_after_the_layer_with_the_weights() -> None:
    found = names(mixed_tflite.calibrate(DeployedGraph(residual(), SPEC, "net"), PIXELS))
    assert [name for name in found if name not in ("Cast", "range")] == [
        "conv_1", "conv", "beside", "depth", "sum", "mean", "predictions/fully_connected", "predictions/softmax",
    ]  # fmt: skip


def test_nodes_in_onnx_are_called_after_the_layer_with_the_weights_even_where_no_name_is_left() -> None:
    calibrated = mixed_onnx.calibrate(DeployedGraph(residual(), SPEC, "net"), PIXELS)
    assert sorted(names(calibrated)) == sorted(["conv_1", "conv", "depth", "beside", "predictions"])
    assert any(not node.startswith("net") for layer in calibrated.layers for node in layer.nodes)


def test_a_layer_inside_of_another_model_is_called_by_its_way_there() -> None:
    graph = DeployedGraph(nested(), SPEC, "net")
    assert names(mixed_onnx.calibrate(graph, PIXELS)) == ["backbone/first", "backbone/last"]
    found = names(mixed_tflite.calibrate(graph, PIXELS))
    assert found[-4:] == ["backbone/first", "backbone/flat", "backbone/last", "probabilities"]


def test_each_node_of_an_onnx_graph_belongs_to_one_layer_and_with_none_kept_it_is_the_int8_file() -> None:
    graph = DeployedGraph(residual(), SPEC, "net")
    calibrated = mixed_onnx.calibrate(graph, PIXELS)
    nodes = [node for layer in calibrated.layers for node in layer.nodes]
    assert all(nodes)
    assert len(set(nodes)) == len(nodes)
    assert calibrated.quantised(()) == to_onnx.int8(graph, PIXELS)
    sizes = [len(calibrated.quantised(calibrated.layers[:count])) for count in (0, len(calibrated.layers))]
    assert sizes[0] != sizes[1]


@pytest.mark.parametrize("numbered", ["net_1/conv_1_1/convolution", "net/conv_1/convolution"])
def test_whether_keras_opened_a_scope_twice_is_seen_in_the_models(numbered: str) -> None:
    assert LayerNames(residual()).of([numbered]) == "conv_1"


def test_what_is_no_layer_of_the_model_has_no_name() -> None:
    known = LayerNames(residual())
    assert known.of(["Cast", "other_1/conv_1/convolution", "net_1/Tensordot/MatMul"]) is None
    assert known.with_kernel(np.ones((8, 3, 3, 3), np.float32)) is None
    assert LayerNames(object()).of(["net_1/conv_1/convolution"]) is None
    assert LayerNames(object()).output is None


def test_several_operators_of_a_layer_are_told_apart() -> None:
    found = [("dense", "RESHAPE"), ("dense", "FULLY_CONNECTED"), ("dense", "RESHAPE"), ("mean", "MEAN")]
    assert distinct(found) == ["dense/reshape", "dense/fully_connected", "dense/reshape 2", "mean"]
