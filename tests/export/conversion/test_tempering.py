"""A temperature in the weights gives what a temperature on the scores would, in every model that can be found out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.stages.prepared import Prepared
from edge_runtime.stages.run import open_run
from edge_runtime.stages.temperature import fit_temperature, heated
from export.conversion.backend import keras
from export.conversion.graph import DeployedGraph, load_graph
from export.conversion.loading import load_model
from export.conversion.saved_model import SavedModel
from export.conversion.tempering import divide_logits, divisible
from export.proof.parity import Reference

SIDE, LABELS, TEMPERATURE = 8, 4, 1.7
PIXELS = np.random.default_rng(0).integers(0, 256, (50, SIDE, SIDE, 3)).astype(np.float32)
layers = keras.layers


def flat() -> tuple[Any, Any]:
    pixels = keras.Input((SIDE, SIDE, 3))
    return pixels, layers.Flatten()(layers.Rescaling(1 / 255)(pixels))


def with_softmax_inside() -> Any:
    pixels, x = flat()
    return keras.Model(pixels, layers.Dense(LABELS, "softmax")(x))


def with_softmax_behind() -> Any:
    pixels, x = flat()
    return keras.Model(pixels, layers.Softmax()(layers.Dense(LABELS, use_bias=False)(x)))


def with_an_operation_behind() -> Any:
    pixels, x = flat()
    return keras.Model(pixels, keras.ops.softmax(layers.Dense(LABELS)(x)))


def with_a_convolution() -> Any:
    pixels = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(LABELS, 1)(layers.Rescaling(1 / 255)(pixels))
    return keras.Model(pixels, layers.Activation("softmax")(layers.GlobalAveragePooling2D()(x)))


def in_another_order() -> Any:
    """As an imported one: a model inside of a model, its labels moved."""
    inner = with_softmax_behind()
    pixels = keras.Input((SIDE, SIDE, 3))
    return keras.Model(pixels, keras.ops.take(inner(pixels), keras.ops.array([2, 0, 1, 3]), axis=1))


def sequential() -> Any:
    return keras.Sequential(
        [keras.Input((SIDE, SIDE, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(LABELS, "softmax")]
    )


@pytest.mark.parametrize(
    "build",
    [
        with_softmax_inside, with_softmax_behind, with_an_operation_behind, with_a_convolution, in_another_order,
        sequential,
    ],
)  # fmt: skip
def test_divided_logits_give_heated_scores(build: Callable[[], Any], tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    build().save(tmp_path / "model.keras")
    model = load_model(tmp_path / "model.keras")
    before = model.predict_on_batch(PIXELS)
    assert divisible(model)
    divide_logits(model, TEMPERATURE)
    np.testing.assert_allclose(model.predict_on_batch(PIXELS), heated(before, TEMPERATURE), atol=1e-6)


def with_shared_logits() -> Any:
    """Dividing these would change the other path, too."""
    pixels, x = flat()
    logits = layers.Dense(LABELS)(x)
    return keras.Model(pixels, layers.Softmax()(layers.Add()([logits, layers.Dense(LABELS)(logits)])))


def with_a_bent_end() -> Any:
    pixels, x = flat()
    return keras.Model(pixels, layers.Softmax()(layers.ReLU()(layers.Dense(LABELS)(x))))


def with_two_softmaxes() -> Any:
    pixels, x = flat()
    return keras.Model(pixels, layers.Softmax()(layers.Dense(LABELS, "softmax")(x)))


def without_softmax() -> Any:
    pixels, x = flat()
    raised = layers.Dense(LABELS, "sigmoid")(x)
    return keras.Model(pixels, raised / keras.ops.sum(raised, axis=1, keepdims=True))


def taken_twice() -> Any:
    pixels, x = flat()
    last = layers.Dense(LABELS, "softmax")
    return keras.Model(pixels, layers.Average()([last(x), last(1 - x)]))


@pytest.mark.parametrize(
    "build", [with_shared_logits, with_a_bent_end, with_two_softmaxes, without_softmax, taken_twice]
)
def test_where_the_logits_are_not_one_layers_alone_nothing_is_divided(build: Callable[[], Any]) -> None:
    assert not divisible(build())


def test_a_saved_model_does_not_tell_where_its_logits_are(tmp_path: Path) -> None:
    model = with_softmax_inside()
    model.export(tmp_path / "saved", verbose=False)
    assert not divisible(SavedModel(tmp_path / "saved"))


def test_no_operator_is_added() -> None:
    keras.utils.set_random_seed(0)
    from export.conversion.to_tflite import float32

    spec = ModelSpec(tuple("abcd"), PreprocessingSpec((SIDE, SIDE)))
    model = with_softmax_behind()
    nothing = np.zeros((0, SIDE, SIDE, 3), np.uint8)
    plain = float32(DeployedGraph(model, spec), nothing)
    divide_logits(model, TEMPERATURE)
    assert len(float32(DeployedGraph(model, spec), nothing)) == len(plain)


def test_a_bundle_holds_the_temperature_that_the_validation_split_asks_for(
    bundle: Bundle, run_directory: Path, prepared: Prepared
) -> None:
    graph = load_graph(open_run(run_directory))
    splits = {name: prepared.split(name) for name in ("validation", "test")}
    scores = {name: graph.scores(split.pixels) for name, split in splits.items()}
    wanted = fit_temperature(np.asarray(splits["validation"].labels), scores["validation"])
    assert wanted is not None
    assert bundle.manifest.temperature == pytest.approx(wanted, rel=1e-3)
    assert abs(wanted - 1) > 0.01, "a temperature of 1 would show nothing"

    # The device's own scores, of a file that never saw numpy's softmax.
    classifier = load_classifier(bundle, "float32.tflite", threads=1)
    given = np.stack([classifier.classify(picture).scores for picture in splits["test"].pixels])
    np.testing.assert_allclose(given, heated(scores["test"], wanted), atol=1e-3)

    labels = np.asarray(splits["test"].labels)
    report = json.loads((bundle.directory / "reports/parity.json").read_text())
    assert report["temperature"] == bundle.manifest.temperature
    before = Reference(scores["test"], labels).calibration_error
    assert report["reference"]["calibration_error_untempered"] == pytest.approx(before, abs=1e-3)
