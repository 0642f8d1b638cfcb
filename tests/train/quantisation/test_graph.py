from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import RunError
from train.backend import keras
from train.quantisation import graph

layers = keras.layers


def around(*inner: Any, size: int = 8) -> Any:
    pixels = x = keras.Input((size, size, 3), name="pixels")
    for layer in inner:
        x = layer(x)
    return keras.Model(pixels, x)


def test_an_unknown_layer_is_refused_by_its_name() -> None:
    model = around(layers.Conv2DTranspose(4, 3, name="upwards"), layers.GlobalAveragePooling2D(), layers.Softmax())
    with pytest.raises(
        RunError, match=r"layer 'upwards' \(Conv2DTranspose\): .* does not know .* export the run as it is"
    ):
        graph.check(graph.flat(model))


def test_foreign_code_is_refused_though_it_bears_a_known_name() -> None:
    class Dense(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
        def call(self, inputs: Any) -> Any:
            return inputs

    with pytest.raises(RunError, match=r"layer 'mine' \(.*test_graph.*Dense\)"):
        graph.check(graph.flat(around(Dense(name="mine"))))


def test_a_model_with_a_call_of_its_own_is_refused() -> None:
    class Own(keras.Model):  # type: ignore[misc]  # Keras has no types
        def call(self, inputs: Any) -> Any:
            return inputs

    with pytest.raises(RunError, match="Functional or Sequential Keras model expected"):
        graph.flat(Own())


def test_a_model_around_a_model_becomes_one_with_each_name_once() -> None:
    inner = around(layers.Rescaling(2.0, name="add"), layers.Flatten(name="flat"), layers.Dense(3, name="dense"))
    pixels = keras.Input((8, 8, 3))
    model = keras.Model(pixels, keras.Sequential([inner, layers.Softmax(name="dense")])(keras.ops.add(pixels, 1.0)))
    found = graph.flat(model)
    names = [operation.name for operation in found.operations]
    assert len(set(names)) == len(names)
    assert not any(isinstance(operation, keras.Model) for operation in found.operations)
    values = np.random.default_rng(0).random((2, 8, 8, 3), np.float32)
    assert np.asarray(found(values)) == pytest.approx(np.asarray(model(values)), abs=1e-6)


def test_who_takes_an_output_is_known() -> None:
    pixels = keras.Input((8, 8, 3), name="pixels")
    x = layers.Conv2D(3, 1, name="conv")(pixels)
    model = keras.Model(pixels, layers.Add(name="sum")([layers.ReLU(name="relu")(x), x]))
    found = graph.consumers(graph.flat(model))
    assert [operation.name for operation in found["conv"]] == ["relu", "sum"]
    assert [operation.name for operation in found["relu"]] == ["sum"]
