"""Real conversions of a really trained model, and of models that must not pass."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from ai_edge_litert.interpreter import Interpreter

from edge_runtime.bundle import fields
from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.stages.prepared import Prepared
from edge_runtime.stages.run import open_run
from export.conversion.backend import keras
from export.conversion.graph import DeployedGraph, load_graph
from export.conversion.recipes import RECIPES, Recipe, select
from export.conversion.representative import full_range, representative
from export.proof.gate import Gate, refusal
from export.proof.parity import Reference, measure
from export.trial import convert, prove


@pytest.fixture(scope="module")
def graph(run_directory: Path, bundle: Bundle) -> DeployedGraph:
    return load_graph(open_run(run_directory), bundle.manifest.temperature)


@pytest.fixture(scope="module")
def reference(graph: DeployedGraph, prepared: Prepared) -> Reference:
    test = prepared.split("test")
    return Reference(graph.scores(test.pixels), np.asarray(test.labels))


def only(name: str) -> Recipe:
    (recipe,) = select(name)
    return recipe


@pytest.mark.parametrize("name", ["float32.tflite", "float16.tflite", "float32.onnx", "float16.onnx"])
def test_float_variants_label_as_the_keras_model_does(
    name: str, bundle: Bundle, prepared: Prepared, reference: Reference
) -> None:
    parity = measure(load_classifier(bundle, name, threads=1), prepared.split("test").pixels, reference)
    assert parity.agreement >= 0.998
    # float16 weights carry 11 bits: a score may move by some thousandths; float32 only by rounding.
    assert parity.largest_difference < (0.02 if name.startswith("float16") else 1e-4)


@pytest.mark.parametrize(
    "name",
    [
        "weight_int8.tflite",
        "dynamic_int8.tflite",
        "full_int8.tflite",
        "int16x8.tflite",
        "dynamic_int8.onnx",
        "int8.onnx",
    ],
)
def test_int8_variants_label_nearly_always_as_the_keras_model_does(
    name: str, bundle: Bundle, prepared: Prepared, reference: Reference
) -> None:
    parity = measure(load_classifier(bundle, name, threads=1), prepared.split("test").pixels, reference)
    assert parity.agreement >= 0.97
    assert abs(parity.top1 - reference.top1) <= 0.01


def test_int4_weights_cost_labels_but_few(bundle: Bundle, prepared: Prepared, reference: Reference) -> None:
    parity = measure(load_classifier(bundle, "weight_int4.tflite", threads=1), prepared.split("test").pixels, reference)
    assert parity.agreement >= 0.9


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


def test_files_are_as_small_as_their_names_promise(bundle: Bundle) -> None:
    sizes = {variant.name: bundle.manifest.files[variant.path].size for variant in bundle.manifest.variants}
    for name, size in sizes.items():
        whole = sizes["float32" + Path(name).suffix]
        assert size < {"float32": 1.01, "float16": 0.6, "weight_int4": 0.25}.get(Path(name).stem, 0.36) * whole, name


def test_int16_takes_pixels_in_uint8_like_every_other_file(bundle: Bundle) -> None:
    interpreter = Interpreter(model_path=str(bundle.file("variants/int16x8.tflite")))
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (taken["dtype"], given["dtype"]) == (np.uint8, np.float32)
    dtypes = {np.dtype(tensor["dtype"]).name for tensor in interpreter.get_tensor_details()}
    assert {"int16", "int8"} <= dtypes


def test_each_file_states_the_oldest_interpreter_that_runs_it(bundle: Bundle) -> None:
    stated = {variant.name: variant.minimum_runtime for variant in bundle.manifest.variants}
    assert stated["weight_int8.tflite"] == "tflite 2.7.0"
    assert stated["weight_int4.tflite"] == "ai-edge-litert 1.0.1"
    assert stated["int16x8.tflite"] == "tflite 2.6.0"
    assert stated["dynamic_int8.tflite"] == "tflite 2.17.0"
    assert {stated[name] for name in stated if name.endswith(".onnx")} == {"onnxruntime 1.14"}


@pytest.mark.parametrize("name", [recipe.name for recipe in RECIPES if recipe.format == "onnx"])
def test_onnx_files_carry_their_facts_and_pinned_versions(name: str, bundle: Bundle) -> None:
    model = onnx.load(bundle.file(f"variants/{name}"))
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert facts["labels"].split("\n") == list(bundle.manifest.spec.labels)
    assert (facts["name"], facts["version"]) == (bundle.manifest.name, bundle.manifest.version)
    assert fields.parse(PreprocessingSpec, fields.decode(facts["preprocessing"].encode(), name), name) == (
        bundle.manifest.spec.preprocessing
    )
    assert model.ir_version == 8
    assert {entry.domain: entry.version for entry in model.opset_import} == {"": 18}


def test_what_a_process_converted_before_changes_no_byte(graph: DeployedGraph, prepared: Prepared) -> None:
    """Recipes are shared out among processes as these become free: differently in each export."""
    shown = representative(prepared, 20, seed=0)
    there = {recipe.name: convert(recipe, graph, shown, "lamp", "1.0").content for recipe in RECIPES}
    anew = DeployedGraph(graph.model, graph.spec)  # TensorFlow numbers what is traced in a process
    again = {recipe.name: convert(recipe, anew, shown, "lamp", "1.0").content for recipe in reversed(RECIPES)}
    assert all(there.values())
    assert [name for name in there if there[name] != again[name]] == []


def test_int8_calibrated_on_noise_fails_the_gate(
    graph: DeployedGraph, prepared: Prepared, reference: Reference
) -> None:
    """Nearly black noise teaches the converter ranges that real pictures leave at once."""
    noise = full_range(np.random.default_rng(0).integers(0, 3, size=(50, 28, 28, 3), dtype=np.uint8))
    test = prepared.split("test")
    for name in ("full_int8.tflite", "int8.onnx"):
        trial = convert(only(name), graph, noise, "lamp", "1.0")
        assert trial.refusal is None, trial.refusal
        trial = prove(trial, graph.spec, test.pixels, reference, test.pixels[:1])
        assert trial.parity is not None
        said = refusal(trial.parity, len(trial.content), reference, Gate(), None)
        assert said is not None
        assert "points below the Keras model's" in said


def test_a_model_whose_output_order_was_shuffled_fails_the_gate(
    graph: DeployedGraph, prepared: Prepared, reference: Reference
) -> None:
    """The file is sound, but its scores are not in the order of the labels."""
    shuffled = keras.Model(graph.model.input, keras.ops.take(graph.model.output, np.roll(np.arange(10), 1), axis=1))
    test = prepared.split("test")
    trial = convert(only("float32.tflite"), DeployedGraph(shuffled, graph.spec), test.pixels[:1], "lamp", "1.0")
    trial = prove(trial, graph.spec, test.pixels, reference, test.pixels[:1])
    assert trial.parity is not None
    assert refusal(trial.parity, len(trial.content), reference, Gate(), None) is not None
    assert trial.parity.agreement < 0.1


def test_calibration_with_dark_pictures_still_takes_raw_pixels(graph: DeployedGraph, prepared: Prepared) -> None:
    pixels = representative(prepared, 20, seed=0)
    trial = convert(only("full_int8.tflite"), graph, full_range(pixels // 4), "lamp", "1.0")
    assert trial.refusal is None
