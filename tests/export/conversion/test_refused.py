"""Real models that must not pass, or must not pass everywhere: each gets a sentence that says what to do."""

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.errors import RunError
from export.conversion.backend import keras
from export.conversion.graph import DeployedGraph
from export.conversion.loading import load_model
from export.conversion.recipes import RECIPES, Recipe
from export.proof.parity import Reference
from export.trial import Trial, convert, prove

SPEC = ModelSpec(("left", "right"), PreprocessingSpec((8, 8)))
PICTURES = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 3), dtype=np.uint8)
NAMES = [recipe.name for recipe in RECIPES]


class Twice(keras.layers.Layer):  # type: ignore[misc]  # keras has no types
    """A layer that only this file knows."""

    def call(self, inputs: Any) -> Any:
        return inputs * 2


def behind(x: Any, pixels: Any, outputs: int = 2, activation: str | None = "softmax") -> Any:
    return keras.Model(pixels, keras.layers.Dense(outputs, activation=activation)(x))


def small_model(shape: tuple[int | None, ...] = (8, 8, 3), **options: Any) -> Any:
    keras.utils.set_random_seed(0)
    pixels = keras.Input(shape, name="pixels")
    x = keras.layers.Conv2D(4, 3)(pixels / 255)
    return behind(keras.layers.GlobalAveragePooling2D()(x), pixels, **options)


def recurrent(unroll: bool) -> Any:
    keras.utils.set_random_seed(0)
    pixels = keras.Input((8, 8, 3), name="pixels")
    rows = keras.layers.Reshape((8, 24))(pixels / 255)
    return behind(keras.layers.LSTM(16, unroll=unroll)(rows), pixels)


def converted(name: str, model: Any) -> Trial:
    (recipe,) = (recipe for recipe in RECIPES if recipe.name == name)
    return convert(recipe, DeployedGraph(model, SPEC), PICTURES, "lamp", "1.0")


def agreement(trial: Trial, model: Any) -> float:
    assert trial.refusal is None, trial.refusal
    scores = DeployedGraph(model, SPEC).scores(PICTURES)
    proved = prove(trial, SPEC, PICTURES, Reference(scores, scores.argmax(1)), PICTURES[:1])
    assert proved.parity is not None, proved.refusal
    return proved.parity.agreement


# what a graph takes and gives


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (small_model(outputs=3), "one output [batch, 2] (a score for each of 2 labels) expected, [any, 3] found"),
        (small_model((9, 9, 3)), "one input [batch, 8, 8, 3] (RGB pixels of any number of pictures) expected, [any, 9"),
        (small_model((8, 8, 1)), "expected, [any, 8, 8, 1] found; 'python -m export import' puts grey conversion"),
        (small_model(activation=None), "put keras.layers.Softmax() behind its last layer, or import it with --softmax"),
        (small_model(activation="sigmoid"), "scores that sum to one expected, "),
    ],
)
def test_a_model_that_is_no_classifier_for_the_spec_is_refused(model: Any, said: str) -> None:
    with pytest.raises(RunError, match=re.escape(said)) as refused:
        DeployedGraph(model, SPEC, Path("runs/lamp/model.keras"))
    assert str(refused.value).startswith("runs/lamp/model.keras: ")


def test_a_model_of_two_pictures_is_refused() -> None:
    left, right = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    flat = keras.layers.Flatten()(keras.layers.Concatenate()([left, right]))
    with pytest.raises(RunError, match=re.escape("expected, [any, 8, 8, 3] and [any, 8, 8, 3] found")):
        DeployedGraph(behind(flat, [left, right]), SPEC)


def test_a_model_with_a_fixed_batch_is_refused() -> None:
    pixels = keras.Input(batch_shape=(1, 8, 8, 3))
    with pytest.raises(RunError, match=re.escape("(RGB pixels of any number of pictures) expected, [1, 8, 8, 3]")):
        DeployedGraph(behind(keras.layers.Flatten()(pixels), pixels), SPEC)


def test_a_model_whose_weights_were_lost_is_refused() -> None:
    model = small_model()
    model.layers[-1].kernel.assign(np.full((4, 2), np.nan, np.float32))
    with pytest.raises(RunError, match="gives scores that are not numbers"):
        DeployedGraph(model, SPEC)


@pytest.mark.parametrize("name", ["full_int8.tflite", "float32.onnx"])
def test_a_model_of_pictures_of_any_size_gets_the_specs(name: str) -> None:
    model = small_model((None, None, 3))
    assert agreement(converted(name, model), model) >= 0.95


# what a file can be


def test_a_model_with_a_layer_of_its_own_is_refused_with_a_way_out(tmp_path: Path) -> None:
    pixels = keras.Input((8, 8, 3))
    behind(keras.layers.Flatten()(Twice()(pixels)), pixels).save(tmp_path / "model.keras")
    with pytest.raises(RunError, match=r"'Twice': it has code of its own\. Save it with model\.export\(") as refused:
        load_model(tmp_path / "model.keras")
    assert str(refused.value).startswith(f"{tmp_path / 'model.keras'}: Keras ")


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("empty", "an archive as model.save() writes it expected, 0 bytes of something else found"),
        ("text", "an archive as model.save() writes it expected, 4500 bytes of something else found"),
        ("cut", "an archive as model.save() writes it expected, "),
        ("altered", "cannot load it: Bad CRC-32 for file 'model.weights.h5'"),
        ("config.json", "There is no item named 'config.json' in the archive"),
        ("model.weights.h5", "Expected a model.weights.h5 "),
    ],
)
def test_a_damaged_file_is_refused_in_one_sentence(damage: str, what: str, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.keras", tmp_path / "model.keras"
    small_model().save(good)
    content = good.read_bytes()
    middle = len(content) // 2
    if "." in damage:  # that part is left out
        with zipfile.ZipFile(good) as whole, zipfile.ZipFile(bad, "w") as part:
            for name in whole.namelist():
                if name != damage:
                    part.writestr(name, whole.read(name))
    else:
        altered = content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
        bad.write_bytes(
            {"empty": b"", "text": b"no model\n" * 500, "cut": content[:middle], "altered": altered}[damage]
        )
    with pytest.raises(RunError) as refused:
        load_model(bad)
    said = str(refused.value)
    assert said.startswith(f"{bad}: ")
    assert what in said
    assert said.endswith("; copy it again, or save it again with model.save()")
    assert "\n" not in said


def test_a_missing_file_and_a_directory_that_is_no_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"model\.keras: no such model; give a \.keras file or the directory of a Saved"):
        load_model(tmp_path / "model.keras")
    with pytest.raises(RunError, match="cannot load this SavedModel: SavedModel file does not exist"):
        load_model(tmp_path)


# what a graph computes


@pytest.mark.parametrize("name", NAMES)
def test_an_operator_that_the_format_does_not_have_is_named(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    pixels = keras.Input((8, 8, 3), name="pixels")
    model = behind(keras.layers.Flatten()(keras.ops.erfinv(pixels / 300)), pixels)
    trial = converted(name, model)
    assert trial.content == b""
    assert trial.refusal is not None
    has_none = "ONNX opset 18 has no operator" if name.endswith("onnx") else "TFLite has no builtin operator"
    assert trial.refusal.startswith(f"conversion failed: {has_none} for TensorFlow's Erfinv")
    assert "replace the layer that computes it" in trial.refusal
    assert "rfinv" not in capfd.readouterr().err, "pages of what the converter writes itself"


@pytest.mark.parametrize("recipe", RECIPES, ids=NAMES)
def test_a_loop_is_converted_or_refused_with_a_way_out(recipe: Recipe) -> None:
    """The calibrator of TensorFlow 2.21 ends its process on a loop, so it must not get to see one."""
    model = recurrent(unroll=False)
    trial = converted(recipe.name, model)
    quantised = recipe.calibrated or recipe.name == "dynamic_int8.onnx"
    if quantised:
        assert trial.refusal is not None
        assert "it has a loop, as of an LSTM or a GRU" in trial.refusal
        assert "unroll=True" in trial.refusal
    else:
        assert agreement(trial, model) >= (0.8 if "int4" in recipe.name else 0.9)


@pytest.mark.parametrize("name", ["full_int8.tflite", "int16x8.tflite", "int8.onnx", "dynamic_int8.onnx"])
def test_an_unrolled_loop_is_quantised(name: str) -> None:
    model = recurrent(unroll=True)
    assert agreement(converted(name, model), model) >= 0.9
