"""Real conversions of a really trained model, and of models that must not pass."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.errors import RunError
from edge_runtime.stages.prepared import Prepared
from edge_runtime.stages.run import open_run
from export.conversion.backend import keras
from export.conversion.graph import DeployedGraph, load_graph
from export.conversion.recipes import Recipe, select
from export.conversion.representative import full_range, representative
from export.proof.parity import Reference, measure
from export.trial import convert, prove

SPEC = ModelSpec(("left", "right"), PreprocessingSpec((8, 8)))


@pytest.fixture(scope="module")
def graph(run_directory: Path) -> DeployedGraph:
    return load_graph(open_run(run_directory))


@pytest.fixture(scope="module")
def reference(graph: DeployedGraph, prepared: Prepared) -> Reference:
    test = prepared.split("test")
    return Reference(graph.scores(test.pixels), np.asarray(test.labels))


def only(name: str) -> Recipe:
    (recipe,) = select(name)
    return recipe


def small_model(outputs: int = 2, size: int = 8, channels: int = 3) -> Any:
    pixels = keras.Input((size, size, channels), name="pixels")
    scores = keras.layers.Dense(outputs, activation="softmax")(keras.layers.Flatten()(pixels))
    return keras.Model(pixels, scores)


@pytest.mark.parametrize("name", ["float32.tflite", "float16.tflite", "float32.onnx"])
def test_float_variants_label_as_the_keras_model_does(
    name: str, bundle: Bundle, prepared: Prepared, reference: Reference
) -> None:
    parity = measure(load_classifier(bundle, name, threads=1), prepared.split("test").pixels, reference)
    assert parity.agreement >= 0.998
    # float16 weights carry 11 bits: a score may move by some thousandths; float32 only by rounding.
    assert parity.largest_difference < (0.02 if name == "float16.tflite" else 1e-4)


@pytest.mark.parametrize("name", ["dynamic_int8.tflite", "full_int8.tflite", "int8.onnx"])
def test_int8_variants_label_nearly_always_as_the_keras_model_does(
    name: str, bundle: Bundle, prepared: Prepared, reference: Reference
) -> None:
    parity = measure(load_classifier(bundle, name, threads=1), prepared.split("test").pixels, reference)
    assert parity.agreement >= 0.97
    assert abs(parity.top1 - reference.top1) <= 0.01


def test_the_manifest_says_what_is_measured_again(bundle: Bundle, prepared: Prepared, reference: Reference) -> None:
    variant = bundle.variant("full_int8.tflite")
    parity = measure(load_classifier(bundle, variant.name, threads=1), prepared.split("test").pixels, reference)
    assert (variant.top1, variant.agreement) == (parity.top1, parity.agreement)
    assert bundle.manifest.gate.reference_top1 == reference.top1


def test_full_int8_holds_no_float_tensor_and_takes_raw_pixels(bundle: Bundle) -> None:
    interpreter = Interpreter(model_path=str(bundle.file("variants/full_int8.tflite")))
    dtypes = {np.dtype(tensor["dtype"]).name for tensor in interpreter.get_tensor_details()}
    assert dtypes <= {"uint8", "int8", "int32"}
    (taken,) = interpreter.get_input_details()
    assert (taken["dtype"], taken["quantization"]) == (np.uint8, (1.0, 0))


def test_int8_files_are_at_most_a_third_of_float32(bundle: Bundle) -> None:
    sizes = {variant.name: bundle.manifest.files[variant.path].size for variant in bundle.manifest.variants}
    assert sizes["full_int8.tflite"] < sizes["float32.tflite"] / 3
    assert sizes["int8.onnx"] < sizes["float32.onnx"] / 3


def test_onnx_files_carry_their_labels_and_pinned_versions(bundle: Bundle) -> None:
    for name in ("float32.onnx", "int8.onnx"):
        model = onnx.load(bundle.file(f"variants/{name}"))
        facts = {entry.key: entry.value for entry in model.metadata_props}
        assert facts["labels"].split("\n") == list(bundle.manifest.spec.labels)
        assert model.ir_version == 8
        assert {entry.domain: entry.version for entry in model.opset_import}[""] == 18


def test_int8_calibrated_on_noise_fails_the_gate(
    graph: DeployedGraph, prepared: Prepared, reference: Reference
) -> None:
    """Nearly black noise teaches the converter ranges that real pictures leave at once."""
    noise = full_range(np.random.default_rng(0).integers(0, 3, size=(50, 28, 28, 3), dtype=np.uint8))
    test = prepared.split("test")
    for name in ("full_int8.tflite", "int8.onnx"):
        trial = convert(only(name), graph, noise, "lamp", "1.0")
        assert trial.refusal is None, trial.refusal
        trial = prove(trial, graph.spec, test.pixels, reference, test.pixels[:1], max_degradation=1.0)
        assert trial.refusal is not None
        assert "points below the Keras model's" in trial.refusal


def test_a_model_whose_output_order_was_shuffled_fails_the_gate(
    graph: DeployedGraph, prepared: Prepared, reference: Reference
) -> None:
    """The file is sound, but its scores are not in the order of the labels."""
    shuffled = keras.Model(graph.model.input, keras.ops.take(graph.model.output, np.roll(np.arange(10), 1), axis=1))
    test = prepared.split("test")
    trial = convert(only("float32.tflite"), DeployedGraph(shuffled, graph.spec), test.pixels[:1], "lamp", "1.0")
    trial = prove(trial, graph.spec, test.pixels, reference, test.pixels[:1], max_degradation=1.0)
    assert trial.refusal is not None
    assert trial.parity is not None
    assert trial.parity.agreement < 0.1


def test_calibration_with_dark_pictures_still_takes_raw_pixels(graph: DeployedGraph, prepared: Prepared) -> None:
    _, pixels = representative(prepared, 20, seed=0)
    trial = convert(only("full_int8.tflite"), graph, full_range(pixels // 4), "lamp", "1.0")
    assert trial.refusal is None


def test_an_operator_that_tflite_does_not_have_fails_the_conversion_by_name() -> None:
    pixels = keras.Input((8, 8, 3), name="pixels")
    flat = keras.layers.Flatten()(keras.ops.erfinv(pixels / 300))
    model = keras.Model(pixels, keras.layers.Dense(2, activation="softmax")(flat))
    trial = convert(only("float32.tflite"), DeployedGraph(model, SPEC), np.zeros((1, 8, 8, 3), np.uint8), "lamp", "1.0")
    assert trial.refusal is not None
    assert trial.refusal.startswith("conversion failed: ")
    assert "Erfinv" in trial.refusal
    assert trial.content == b""


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (small_model(outputs=3), r"one output \[batch, 2\] \(a score a label\) expected"),
        (small_model(size=9), r"one input \[batch, 8, 8, 3\] expected, \[\(None, 9, 9, 3\)\] found"),
        (small_model(channels=1), r"one input \[batch, 8, 8, 3\] expected"),
    ],
)
def test_a_model_that_is_no_classifier_for_the_spec_is_refused(model: Any, said: str) -> None:
    with pytest.raises(RunError, match=said):
        DeployedGraph(model, SPEC)
