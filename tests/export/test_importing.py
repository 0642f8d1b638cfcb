"""Models from elsewhere, really made and really saved, become runs that are exported as any other."""

import argparse
import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.bundle.store import open_bundle
from edge_runtime.errors import EdgeError, RunError, UsageError
from edge_runtime.stages.prepared import Prepared
from edge_runtime.stages.run import open_run
from export.conversion.backend import keras
from export.conversion.backend import tensorflow as tf
from export.conversion.graph import load_graph
from export.importing import configure, run
from tests.support import ROOT, python

COUNT = 10
NEAR = 5e-3  # of a score: grey from three equal channels is 254.99998 of 255, and these networks are steep


def network(
    shape: tuple[int | None, ...] = (28, 28, 1), activation: str | None = "softmax", labels: int = COUNT
) -> Any:
    """A small one with fixed random weights, so that its scores are not all alike."""
    keras.utils.set_random_seed(1)
    pixels = keras.Input(shape)
    x = keras.layers.Reshape((28, 28, 1))(pixels) if len(shape) == 2 else pixels
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    # Wide weights: with small ones all scores are near 0.1, and int8 cannot tell them apart.
    wide = keras.initializers.RandomNormal(stddev=10)
    return keras.Model(pixels, keras.layers.Dense(labels, activation=activation, kernel_initializer=wide)(x))


def imported(model: Path, prepared: Prepared, to: Path, *words: str) -> Any:
    """Imports as typed; returns the graph of the run that was written."""
    run(importing_words(str(model), str(prepared.directory), str(to), *words))
    return load_graph(open_run(to))


def importing_words(model: str, data: str, to: str, *words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    configure(parser)
    return parser.parse_args([model, "--data", data, "--run", to, *words])


@pytest.fixture
def shown(prepared: Prepared) -> Any:
    return np.array(prepared.split("test").pixels[:50])


@pytest.fixture
def grey(shown: Any) -> Any:
    """What a model of grey pictures is shown: grey pictures have three equal channels here."""
    return shown[..., :1].astype(np.float32)


def test_a_model_of_grey_pictures_in_another_range_gives_its_own_scores(
    prepared: Prepared, shown: Any, grey: Any, tmp_path: Path
) -> None:
    model = network()
    model.save(tmp_path / "theirs.keras")
    graph = imported(tmp_path / "theirs.keras", prepared, tmp_path / "run", "--input-range", "-1", "1")
    assert graph.scores(shown) == pytest.approx(model.predict(grey / 127.5 - 1, verbose=0), abs=NEAR)


def test_a_model_without_an_axis_of_channels_and_without_a_size_is_taken(
    prepared: Prepared, shown: Any, grey: Any, tmp_path: Path
) -> None:
    for number, shape in enumerate(((28, 28), (None, None, 1))):
        model = network(shape)
        model.save(tmp_path / f"{number}.keras")
        graph = imported(tmp_path / f"{number}.keras", prepared, tmp_path / f"run{number}")
        theirs = model.predict(grey[..., 0] if len(shape) == 2 else grey, verbose=0)
        assert graph.scores(shown) == pytest.approx(theirs, abs=NEAR)


def test_logits_become_scores(prepared: Prepared, shown: Any, grey: Any, tmp_path: Path) -> None:
    model = network(activation=None)
    model.save(tmp_path / "theirs.keras")
    scores = imported(tmp_path / "theirs.keras", prepared, tmp_path / "run", "--softmax").scores(shown)
    assert scores.sum(axis=1) == pytest.approx(1, abs=NEAR)
    assert np.array_equal(scores.argmax(1), model.predict(grey, verbose=0).argmax(1))


def test_labels_in_another_order_are_put_into_the_datasets(
    prepared: Prepared, shown: Any, grey: Any, tmp_path: Path
) -> None:
    model = network()
    model.save(tmp_path / "theirs.keras")
    labels = prepared.record.spec.labels
    own = [*labels[3:], *labels[:3]]
    (tmp_path / "labels.txt").write_text("\n".join(own))
    graph = imported(tmp_path / "theirs.keras", prepared, tmp_path / "run", "--labels", str(tmp_path / "labels.txt"))
    theirs = model.predict(grey, verbose=0)
    for index, label in enumerate(labels):
        assert graph.scores(shown)[:, index] == pytest.approx(theirs[:, own.index(label)], abs=NEAR)


@pytest.mark.parametrize("way", ["keras", "module"])
def test_a_saved_model_is_exported_as_any_other(
    way: str, prepared: Prepared, shown: Any, grey: Any, tmp_path: Path
) -> None:
    model, saved = network(), tmp_path / "saved"
    if way == "keras":
        model.export(saved, format="tf_saved_model", verbose=False)
        judge = model
    else:
        module = tf.Module()
        module.kernel = tf.Variable(tf.random.stateless_normal((784, COUNT), (1, 2)) / 100)
        signature = [tf.TensorSpec((None, 28, 28, 1), tf.float32)]
        module.judge = tf.function(
            lambda x: tf.nn.softmax(tf.reshape(x, (-1, 784)) @ module.kernel), input_signature=signature
        )
        tf.saved_model.save(module, str(saved))
        judge = module.judge
    graph = imported(saved, prepared, tmp_path / "run", "--input-range", "0", "1")
    assert graph.scores(shown) == pytest.approx(np.asarray(judge(grey / 255)), abs=NEAR)
    words = ("--out", tmp_path / "bundle", "--jobs", 1, "--recipes", "float32.tflite,full_int8.tflite,float32.onnx")
    done = python("-m", "export", tmp_path / "run", *words, "--max-degradation", 50)
    assert done.returncode == 0, done.stderr
    manifest = open_bundle(tmp_path / "bundle").manifest
    assert manifest.temperature == 1.0
    assert "the logits cannot be found in this model; they stay as they are" in done.stderr
    agreements = {variant.name: variant.agreement for variant in manifest.variants}
    assert agreements["float32.tflite"] == agreements["float32.onnx"] == 1.0
    assert agreements["full_int8.tflite"] > 0.5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--labels", "short.txt"), "the dataset's label 'Ankle boot' is not in it"),
        (("--labels", "long.txt"), "has no pictures of 'Hat'"),
        (("--labels", "nowhere.txt"), "cannot be read: No such file"),
    ],
)
def test_labels_that_are_not_the_datasets_are_refused(
    words: tuple[str, str], said: str, prepared: Prepared, tmp_path: Path
) -> None:
    labels = list(prepared.record.spec.labels)
    (tmp_path / "short.txt").write_text("\n".join(labels[:-1]))
    (tmp_path / "long.txt").write_text("\n".join([*labels, "Hat"]))
    network().save(tmp_path / "theirs.keras")
    with pytest.raises(UsageError, match=said):
        imported(tmp_path / "theirs.keras", prepared, tmp_path / "run", words[0], str(tmp_path / words[1]))
    assert not (tmp_path / "run").exists()


def two_inputs() -> Any:
    one, other = network(), network()
    return keras.Model([one.input, other.input], keras.layers.Average()([one.output, other.output]))


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (lambda: network(labels=7), r"one output \[batch, 10\] \(a score a label\) expected, \[\(None, 7\)\] found"),
        (lambda: network((32, 32, 3)), r"one input \[batch, 28, 28, 3\] \(or 1 for grey\) expected"),
        (two_inputs, r"one input \[batch, 28, 28, 3\]"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_with_what_it_has(
    model: Any, said: str, prepared: Prepared, tmp_path: Path
) -> None:
    model().save(tmp_path / "theirs.keras")
    with pytest.raises(RunError, match=said):
        imported(tmp_path / "theirs.keras", prepared, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_code_of_its_own_is_refused_with_the_way_out(prepared: Prepared, tmp_path: Path) -> None:
    class Own(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
        def call(self, x: Any) -> Any:
            return x + 1

    pixels = keras.Input((28, 28, 1))
    keras.Model(pixels, network()(Own()(pixels))).save(tmp_path / "theirs.keras")
    with pytest.raises(RunError, match=r"class 'Own': it has code of its own. Save it with model.export\(DIRECTORY\)"):
        imported(tmp_path / "theirs.keras", prepared, tmp_path / "run")


@pytest.mark.parametrize("content", [b"", b"no model", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_model_is_refused(content: bytes, prepared: Prepared, tmp_path: Path) -> None:
    (tmp_path / "theirs.keras").write_bytes(content)
    with pytest.raises(RunError, match=r"theirs.keras: an archive as model.save\(\) writes it expected"):
        imported(tmp_path / "theirs.keras", prepared, tmp_path / "run")


def test_a_directory_that_is_no_saved_model_is_refused(prepared: Prepared, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="cannot load this SavedModel"):
        imported(tmp_path / "empty", prepared, tmp_path / "run")


def test_an_altered_saved_model_is_noticed(prepared: Prepared, tmp_path: Path) -> None:
    network().export(tmp_path / "saved", format="tf_saved_model", verbose=False)
    imported(tmp_path / "saved", prepared, tmp_path / "run")
    with (tmp_path / "run/saved_model/saved_model.pb").open("ab") as file:
        file.write(b"x")
    with pytest.raises(RunError, match="saved_model: sha256"):
        open_run(tmp_path / "run")


def test_a_directory_with_something_else_is_not_replaced(prepared: Prepared, tmp_path: Path) -> None:
    network().save(tmp_path / "theirs.keras")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/notes.txt").write_text("mine")
    with pytest.raises(EdgeError, match="exists and is something else; only an earlier import is replaced"):
        imported(tmp_path / "theirs.keras", prepared, tmp_path / "run")
    assert (tmp_path / "run/notes.txt").read_text() == "mine"


def test_a_trained_run_is_not_replaced(prepared: Prepared, tmp_path: Path, run_directory: Path) -> None:
    network().save(tmp_path / "theirs.keras")
    trained = Path(shutil.copytree(run_directory, tmp_path / "run"))
    before = {path: path.stat().st_mtime_ns for path in trained.rglob("*")}
    with pytest.raises(RunError, match="holds a run that was trained; only an earlier import is replaced"):
        imported(tmp_path / "theirs.keras", prepared, trained)
    assert {path: path.stat().st_mtime_ns for path in trained.rglob("*")} == before


def test_an_earlier_import_is_replaced_also_one_of_another_schema_version(prepared: Prepared, tmp_path: Path) -> None:
    network().save(tmp_path / "theirs.keras")
    imported(tmp_path / "theirs.keras", prepared, tmp_path / "run")
    record = json.loads((tmp_path / "run/run.json").read_text())
    (tmp_path / "run/run.json").write_text(json.dumps({**record, "schema_version": 0}))
    imported(tmp_path / "theirs.keras", prepared, tmp_path / "run")
    assert open_run(tmp_path / "run").record.schema_version == 1


@pytest.mark.parametrize("words", [("1", "-1"), ("1", "1"), ("nan", "1"), ("0", "inf")])
def test_a_range_from_high_to_low_is_refused(words: tuple[str, str], prepared: Prepared, tmp_path: Path) -> None:
    network().save(tmp_path / "theirs.keras")
    with pytest.raises(UsageError, match=f"--input-range: LOW below HIGH expected, {words[0]} {words[1]} found"):
        imported(tmp_path / "theirs.keras", prepared, tmp_path / "run", "--input-range", *words)


@pytest.mark.parametrize("saved_model", [True, False])
def test_a_second_softmax_is_refused(saved_model: bool, prepared: Prepared, tmp_path: Path) -> None:
    source = tmp_path / ("theirs" if saved_model else "theirs.keras")
    if saved_model:
        network().export(source, format="tf_saved_model", verbose=False)
    else:
        network().save(source)
    with pytest.raises(RunError, match="scores that sum to one already found; leave --softmax out"):
        imported(source, prepared, tmp_path / "run", "--softmax")
    assert not (tmp_path / "run").exists()


def test_logits_are_refused_with_the_flag_that_makes_scores_of_them(prepared: Prepared, tmp_path: Path) -> None:
    network(activation=None).save(tmp_path / "theirs.keras")
    with pytest.raises(RunError, match=r"theirs.keras: scores that sum to one expected.*import it with --softmax"):
        imported(tmp_path / "theirs.keras", prepared, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("name", "what"), [("x.tflite", "TFLite"), ("x.onnx", "ONNX")])
def test_a_converted_file_is_refused_with_what_is_wanted(
    name: str, what: str, prepared: Prepared, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(b"TFL3")
    with pytest.raises(RunError, match=f"directory of a SavedModel expected, {what} found.*the model that it was made"):
        imported(tmp_path / name, prepared, tmp_path / "run")


def test_the_command_that_is_named_as_next_works_from_everywhere(
    prepared: Prepared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    network().save("theirs.keras")
    run(importing_words("theirs.keras", os.path.relpath(prepared.directory), "my run"))
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("next: ")]
    _, *words = shlex.split(line.removeprefix("next: "))
    (tmp_path / "elsewhere").mkdir()
    words = [str(tmp_path / word) if word == "my run" else word for word in words]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    # What an untrained network loses is not the question here.
    more = ("--jobs", 1, "--recipes", "float32.onnx", "--max-degradation", 100)
    done = python(*words, *more, cwd=tmp_path / "elsewhere", env=env)
    assert done.returncode == 0, done.stderr
    assert open_bundle(tmp_path / "elsewhere/bundles/my-run").manifest.name == "my-run"


@pytest.mark.parametrize("saved_model", [True, False])
def test_who_wants_an_imported_model_evaluated_is_sent_to_the_report_of_its_export(
    saved_model: bool, prepared: Prepared, tmp_path: Path
) -> None:
    source = tmp_path / ("theirs" if saved_model else "theirs.keras")
    if saved_model:
        network().export(source, format="tf_saved_model", verbose=False)
    else:
        network().save(source)
    imported(source, prepared, tmp_path / "run")
    done = python("-m", "train", "evaluate", tmp_path / "run")
    assert done.returncode == 1
    assert done.stderr == (
        f"train: error: {tmp_path}/run: its model was imported from elsewhere, and evaluate reports on what this kit "
        f"trained; 'python -m export {tmp_path}/run --out BUNDLE' judges it on the same test split: look at "
        "BUNDLE.report.html\n"
    )
