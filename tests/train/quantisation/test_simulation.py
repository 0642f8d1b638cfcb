"""The simulation against what converters make of the same model."""

import re
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from edge_runtime.stages.prepared import Prepared
from export.conversion import to_tflite
from export.conversion.graph import DeployedGraph
from export.conversion.representative import full_range
from train.backend import keras
from train.config import TrainConfig
from train.fitting.batches import Batches
from train.fitting.compiling import compiled
from train.models.build import build_model
from train.quantisation.folding import folded
from train.quantisation.simulation import Rounded, Simulation, fake_quantised_kernel, simulate


@pytest.fixture(scope="module")
def simulation(trained: Any, few: Prepared) -> Simulation:
    """The trained network, its kernels rounded, its ranges measured with the pictures that calibrate."""
    made = simulate(folded(trained))
    made.plain.set_weights(made.rounded_weights())
    made.measure(calibrating(few))
    return made


def calibrating(few: Prepared) -> Any:
    return full_range(np.asarray(few.split("train").pixels[:300]))


@pytest.fixture(scope="module")
def full_int8(simulation: Simulation, few: Prepared) -> Interpreter:
    graph = DeployedGraph(simulation.plain, few.record.spec)
    interpreter = Interpreter(model_content=to_tflite.full_int8(graph, calibrating(few)))
    interpreter.allocate_tensors()
    return interpreter


def kernels(interpreter: Interpreter) -> list[tuple[Any, Any]]:
    """Returns the scales and the integers of each kernel in the file."""
    return [
        (tensor["quantization_parameters"]["scales"], interpreter.get_tensor(tensor["index"]))
        for tensor in interpreter.get_tensor_details()
        if len(tensor["quantization_parameters"]["scales"]) > 1 and tensor["dtype"] is np.int8
    ]


def test_a_kernel_is_rounded_to_the_converter_s_own_integers(
    trained: Any, simulation: Simulation, few: Prepared, full_int8: Interpreter
) -> None:
    plain = folded(trained)  # not rounded yet
    unrounded = DeployedGraph(plain, few.record.spec)
    interpreter = Interpreter(model_content=to_tflite.full_int8(unrounded, calibrating(few)))
    interpreter.allocate_tensors()
    for found in (kernels(interpreter), kernels(full_int8)):
        ours = [layer for layer in plain.layers if layer.name in weighted(simulation)]
        assert len(found) == len(ours) == 6
        for layer in ours:
            kernel, depthwise = layer.get_weights()[0], "Depthwise" in type(layer).__name__
            rounded = np.asarray(fake_quantised_kernel(kernel, depthwise))
            # TFLite has output channels first; of a depthwise convolution last, as channels times multiplier.
            rounded = rounded.reshape(1, *rounded.shape[:2], -1) if depthwise else np.moveaxis(rounded, -1, 0)
            axes = tuple(axis for axis in range(rounded.ndim) if axis != (3 if depthwise else 0))
            scales = np.abs(rounded).max(axis=axes, keepdims=True) / 127
            integers = np.rint(rounded / scales).astype(np.int8)
            assert any(
                np.array_equal(theirs, integers) and own == pytest.approx(scales.ravel(), rel=1e-5)
                for own, theirs in found
            ), layer.name


def weighted(simulation: Simulation) -> set[str]:
    return {layer.name for layer in simulation.model.layers if hasattr(layer, "plain")}


def test_an_int8_file_of_the_kit_s_network_says_what_the_simulation_says(few: Prepared, pixels: Any) -> None:
    """Fashion-MNIST's own run: 0.00035 from the file's scores, and 0.00068 without the simulation."""
    keras.utils.set_random_seed(0)
    model = compiled(build_model(TrainConfig(), (28, 28), 10, few.record.grey), TrainConfig(), steps=75)
    model.fit(Batches(few.split("train"), 32, 0), epochs=3, verbose=0)
    made = simulate(folded(model))
    made.plain.set_weights(made.rounded_weights())
    made.measure(calibrating(few))
    file = Interpreter(model_content=to_tflite.full_int8(DeployedGraph(made.plain, few.record.spec), calibrating(few)))
    file.allocate_tensors()
    taken, given = file.get_input_details()[0]["index"], file.get_output_details()[0]["index"]
    scores = []
    for picture in pixels.astype(np.uint8):
        file.set_tensor(taken, picture[np.newaxis])
        file.invoke()
        scores.append(file.get_tensor(given)[0] / 256)
    found = np.array(scores)
    # As the file's scores: multiples of 1/256.
    simulated, plain = (np.rint(part.predict(pixels, verbose=0) * 256) / 256 for part in (made.model, made.plain))
    # Found with 800 pictures: 0.00016 and 0.00063, and the same label on all 300.
    assert np.abs(found - simulated).mean() < 0.6 * np.abs(found - plain).mean()
    assert (found.argmax(axis=1) == simulated.argmax(axis=1)).mean() >= 0.98


def test_ranges_are_where_an_int8_file_has_them(simulation: Simulation) -> None:
    names = list(simulation.ranges)
    assert not [name for name in names if "max_pooling" in name or "dropout" in name or "scores_activation" in name]
    kinds = [re.sub(r"_\d+$", "", name) for name in names]  # Keras numbers all layers of a process
    assert kinds[:2] == ["rescaling", "re_lu"], "the grey conversion is part of the rescaling"
    assert "scores" in names, "the logits before the softmax"
    for rounding in simulation.ranges.values():
        assert float(keras.ops.convert_to_numpy(rounding.low)) <= 0 < float(keras.ops.convert_to_numpy(rounding.high))


def test_gradients_pass_through_rounding_and_reach_the_plain_layers_weights(trained: Any, pixels: Any) -> None:
    made = simulate(folded(trained))
    made.measure(pixels[:50].astype(np.uint8))
    before = made.plain.get_weights()
    made.model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    made.model.train_on_batch(pixels[:32], np.arange(32) % 10)
    moved = [not np.array_equal(a, b) for a, b in zip(before, made.plain.get_weights(), strict=True)]
    trainable = {variable.path for variable in made.plain.trainable_variables}
    assert moved == [variable.path in trainable for variable in made.plain.weights]


def test_a_channel_that_is_nothing_stays_nothing() -> None:
    kernel = np.zeros((3, 3, 2, 4), np.float32)
    kernel[..., 0] = 0.5
    assert np.array_equal(np.asarray(fake_quantised_kernel(kernel, depthwise=False))[..., 1:], kernel[..., 1:])


def test_a_range_follows_in_training_and_stays_elsewhere() -> None:
    rounding = Rounded("rounding")
    values = np.array([[-1.0, 3.0]], np.float32)
    rounding(values)
    assert float(keras.ops.convert_to_numpy(rounding.high)) == 1
    rounding(values, training=True)
    assert float(keras.ops.convert_to_numpy(rounding.high)) == pytest.approx(0.99 + 0.03)
    assert float(keras.ops.convert_to_numpy(rounding.low)) == pytest.approx(-0.01)
