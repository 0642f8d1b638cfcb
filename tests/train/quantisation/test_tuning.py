import json
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import RunError, UsageError
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared
from edge_runtime.stages.run import open_run
from tests.support import python
from train.backend import keras
from train.config import TrainConfig, read_config, to_toml
from train.evaluation.evaluate import evaluate
from train.fitting.history import read_history
from train.models.names import DESCRIBED, WEIGHTS
from train.quantisation.tuning import existing, fine_tune, values_for

COMMAND = ("-m", "train", "quantisation-aware")


def quiet(line: str) -> None:
    """Drops a line for the person who watches."""


@pytest.fixture(scope="module")
def tuned(run: stage.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run fine-tuned through the command line."""
    target = tmp_path_factory.mktemp("runs") / "int8"
    done = python(*COMMAND, run.directory, "--run", target, "--device", "cpu", "--epochs", 2, "--learning-rate", 0.002)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{target}\n"
    return target


def test_it_is_an_ordinary_run_that_says_where_it_comes_from(tuned: Path, run: stage.Run, few: Prepared) -> None:
    found = open_run(tuned)
    record = found.record.fine_tuned
    assert record is not None
    assert (record.method, record.run, record.model) == (
        "quantisation-aware",
        str(run.directory.resolve()),
        run.record.model,
    )
    assert record.after >= record.before
    assert found.spec == run.spec
    assert found.record.dataset_digest == few.digest
    assert {path.name for path in tuned.iterdir()} == {
        *("config.toml", "history.csv", "learning_curves.png", "model.keras", "run.json", "spec.json", "started.json"),
        *DESCRIBED,
    }
    wanted = replace(read_config(run.directory / "config.toml", {}), epochs=2, learning_rate=0.002)
    assert read_config(tuned / "config.toml", {}) == wanted, "what was not asked for is as the run was trained"


def test_its_model_is_of_plain_layers_and_evaluated_as_any_other(tuned: Path) -> None:
    with zipfile.ZipFile(tuned / "model.keras") as archive:
        config = json.loads(archive.read("config.json"))
    assert config["compile_config"] is None or config["compile_config"] == {}, "without optimizer"
    assert {layer["module"].partition(".")[0] for layer in config["config"]["layers"]} == {"keras"}
    assert not [
        layer
        for layer in config["config"]["layers"]
        if layer["registered_name"] and not layer["module"].startswith("keras")
    ]
    assert evaluate(tuned, None)[0].metrics.accuracy > 0.4


def test_the_files_beside_the_model_are_of_that_model(tuned: Path) -> None:
    model = keras.models.load_model(tuned / "model.keras", compile=False)
    saved = [np.array(weight) for weight in model.get_weights()]
    for weight in model.weights:
        weight.assign(weight * 0)
    model.load_weights(tuned / WEIGHTS)
    for one, other in zip(saved, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_kept_epoch_is_the_best_of_the_validation_split(tuned: Path) -> None:
    record = open_run(tuned).record.fine_tuned
    assert record is not None
    accuracies = [record.before, *(row.val_accuracy for row in read_history(tuned / "history.csv"))]
    assert record.after == max(accuracies) == accuracies[record.epoch]


def test_the_same_again_is_up_to_date_and_other_values_are_refused(tuned: Path, run: stage.Run) -> None:
    given: dict[str, Any] = {"epochs": 2, "learning_rate": 0.002, "device": "cpu"}
    config = values_for(run, 800, given)
    assert existing(tuned, run, config, fresh=False) == open_run(tuned).record.fine_tuned
    with pytest.raises(RunError, match=r"of another run or with other values; .* replace it"):
        existing(tuned, run, replace(config, seed=7), fresh=False)
    assert existing(tuned, run, replace(config, seed=7), fresh=True) is None


def test_a_run_that_was_not_fine_tuned_is_never_replaced(run: stage.Run, tuned: Path, tmp_path: Path) -> None:
    config = values_for(run, 800, {})
    with pytest.raises(RunError, match="is the run to fine-tune"):
        existing(run.directory, run, config, fresh=True)
    with pytest.raises(RunError, match="was trained from nothing, not fine-tuned"):
        existing(run.directory, open_run(tuned), config, fresh=True)
    (tmp_path / "mine").touch()
    with pytest.raises(RunError, match="exists and is not a run directory"):
        existing(tmp_path, run, config, fresh=True)


def test_a_worse_result_is_not_kept(run: stage.Run, few: Prepared, tmp_path: Path, pixels: Any) -> None:
    config = values_for(run, 800, {"epochs": 1, "learning_rate": 0.5, "device": "cpu"})
    said: list[str] = []
    result = fine_tune(run, few, tmp_path / "new", config, verbose=0, say=said.append)
    assert result.epoch == 0
    assert result.after == result.before
    assert read_history(tmp_path / "new" / "history.csv")[0].val_accuracy < result.before
    models = [keras.models.load_model(path, compile=False) for path in (run.model, tmp_path / "new" / "model.keras")]
    before, after = (model.predict(pixels, verbose=0) for model in models)
    assert np.abs(before - after).max() < 1e-4


def test_an_unknown_layer_is_refused_before_training_and_nothing_is_left(
    run: stage.Run, few: Prepared, tmp_path: Path
) -> None:
    pixels = keras.Input((28, 28, 3), name="pixels")
    x = keras.layers.Conv2DTranspose(4, 3, name="upwards")(pixels)
    model = keras.Model(pixels, keras.layers.Dense(10, activation="softmax")(keras.layers.Flatten()(x)))
    source = replace(run, directory=tmp_path / "source")
    source.directory.mkdir()
    model.save(source.model)
    config = values_for(run, 800, {"device": "cpu"})
    with pytest.raises(RunError, match=r"model\.keras: layer 'upwards' \(Conv2DTranspose\)"):
        fine_tune(source, few, tmp_path / "new", config, verbose=0, say=quiet)
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_an_interruption_leaves_nothing(run: stage.Run, tmp_path: Path) -> None:
    target = tmp_path / "new"
    command = [sys.executable, *COMMAND, str(run.directory), "--run", str(target), "--device", "cpu", "--epochs", "500"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("epoch 1 of"):
                break
        process.send_signal(signal.SIGINT)
        talk = process.stderr.read()
    assert process.returncode == 130
    assert f"{target} is as it was, and the same command starts again" in talk
    assert "Traceback" not in talk
    assert not list(tmp_path.iterdir())


def test_few_pictures_get_more_epochs(run: stage.Run) -> None:
    assert values_for(run, 54_000, {}).epochs == 1
    assert values_for(run, 287, {}).epochs == 10
    assert values_for(run, 287, {"epochs": 3}).epochs == 3


def test_of_the_runs_values_only_those_hold_that_it_goes_by(run: stage.Run, tmp_path: Path) -> None:
    source = replace(run, directory=tmp_path)
    begun = TrainConfig(model="mlp", width=64, epochs=20, warmup=3.0, flip=True, rotation=9.0, weight_decay=0.1, seed=5)
    (tmp_path / "config.toml").write_text(to_toml(begun))
    found = values_for(source, 54_000, {"device": "cpu"})
    assert (found.model, found.width, found.flip, found.seed) == ("mlp", 64, True, 5)
    assert (found.epochs, found.warmup, found.rotation, found.weight_decay) == (1, 0.0, 0.0, 0.0)


def test_values_that_make_no_sense_are_a_usage_error(run: stage.Run) -> None:
    with pytest.raises(UsageError, match="epochs: 1 or more expected, 0 found"):
        values_for(run, 287, {"epochs": 0})
