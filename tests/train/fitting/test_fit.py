"""Training end to end on a little real data, through the command line, as a user would."""

import json
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.stages.prepared import Prepared
from edge_runtime.stages.run import open_run
from tests.support import ROOT, on_a_small_disk, python
from train.__main__ import main
from train.backend import keras
from train.config import read_config, sized_for
from train.fitting.checkpoint import LAST
from train.fitting.history import Epoch, read_history
from train.fitting.started import held

FLAGS = ["--epochs", "3", "--device", "cpu", "--batch-size", "24", "--flip", "--rotation", "9", "--seed", "3"]
FLAGS += ["--width", "16"]


def command(small: Prepared, run: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "train", "fit", "--data", str(small.directory), "--run", str(run), *FLAGS, *more]


def train(small: Prepared, run: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(small, run, *more), capture_output=True, text=True, check=False, timeout=120)


def without_tensorflow(*argv: str) -> "subprocess.CompletedProcess[str]":
    """Runs a command in a process that has no way to import TensorFlow or Keras."""
    code = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None; "
        "from train.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def finished(small: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "whole"
    done = train(small, run)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{run}\n"
    assert "parameters" in done.stderr
    assert "oneDNN" not in done.stderr, "TensorFlow's chatter is held back"
    return run


def test_the_picture_of_augmentation_shows_25(finished: Path) -> None:
    with Image.open(finished / "augmented.png") as picture:
        grid = np.asarray(picture.convert("L"))[60:]  # below the title
    rows = np.array_split(grid, 5)
    cells = [cell for row in rows for cell in np.array_split(row, 5, axis=1)]
    assert all((cell != 255).any() for cell in cells)


def test_a_finished_run_holds_what_export_needs(finished: Path, small: Prepared) -> None:
    assert sorted(path.name for path in finished.iterdir()) == [
        "architecture.json",
        "architecture.png",
        "augmented.png",
        "config.toml",
        "history.csv",
        "learning_curves.png",
        "model.keras",
        "model.weights.h5",
        "run.json",
        "spec.json",
        "started.json",
        "summary.txt",
    ]
    run = open_run(finished)
    assert run.spec == small.record.spec
    assert run.record.dataset_digest == small.digest
    assert run.record.data == str(small.directory.resolve())
    assert run.record.device == "cpu"
    assert {"python", "keras", "numpy", "edge-runtime"} <= set(run.record.versions)
    with zipfile.ZipFile(run.model) as archive:
        assert json.loads(archive.read("config.json"))["compile_config"] == {}, "without optimizer"


def test_it_learns(finished: Path) -> None:
    history = read_history(finished / "history.csv")
    assert history[-1].loss < history[0].loss
    assert max(row.val_accuracy for row in history) > 0.5, "chance is 0.1; 2,000 pictures, 3 epochs gave 0.82"
    assert history[-1].learning_rate == pytest.approx(0, abs=1e-9), "the cosine ends with the last epoch"


def test_last_months_run_is_where_this_months_begins(finished: Path, small: Prepared, tmp_path: Path) -> None:
    done = train(small, tmp_path / "next", "--from", str(finished), "--teacher", str(finished), "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert f"starts from {finished}" in done.stderr
    record = open_run(tmp_path / "next").record
    assert record.start == record.teacher == open_run(finished).record.model
    assert read_config(tmp_path / "next" / "config.toml", {}).learning_rate == 0.00173 / 4
    (first,) = read_history(tmp_path / "next" / "history.csv")
    assert first.val_loss < read_history(finished / "history.csv")[0].val_loss


def test_the_written_configuration_is_the_one_that_was_asked_for(finished: Path) -> None:
    wanted = replace(sized_for(2000), epochs=3, device="cpu", flip=True, rotation=9, seed=3, width=16)
    wanted = replace(wanted, batch_size=24, learning_rate=0.00173)  # 0.004 · √(24 / 128)
    assert read_config(finished / "config.toml", {}) == wanted


def test_a_finished_run_is_up_to_date_without_tensorflow(finished: Path, small: Prepared) -> None:
    before = (finished / "model.keras").stat().st_mtime_ns
    done = without_tensorflow(*command(small, finished)[3:])
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stderr
    assert (finished / "model.keras").stat().st_mtime_ns == before


def test_the_written_configuration_passes_as_config(finished: Path, small: Prepared) -> None:
    arguments = ["--data", str(small.directory), "--run", str(finished), "--config", str(finished / "config.toml")]
    done = without_tensorflow("fit", *arguments)
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stderr


def test_a_default_that_is_not_asked_for_is_no_other_configuration(finished: Path, small: Prepared) -> None:
    argv = ("fit", "--data", str(small.directory), "--run", str(finished))
    done = without_tensorflow(*argv)  # begun with --epochs, --batch-size, … of its own
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stderr


def test_another_configuration_is_refused_and_the_run_stays(finished: Path, small: Prepared) -> None:
    done = without_tensorflow(*command(small, finished, "--epochs", "4")[3:])
    assert done.returncode == 1
    assert "was begun with epochs = 3, 4 is asked for now" in done.stderr
    assert open_run(finished).spec.labels


def test_a_run_that_learned_nothing_is_told_with_what_to_try(small: Prepared, tmp_path: Path) -> None:
    words = ["-m", "train", "fit", "--data", small.directory, "--run", tmp_path / "run", "--device", "cpu", "--flip"]
    done = python(*words, "--model", "mlp", "--epochs", 1, "--learning-rate", 1e-9, "--width", 8)
    assert done.returncode == 0, done.stderr
    assert "; at most 1 epoch on " in done.stderr
    few = "more --epochs, or another --learning-rate than 1e-09, a tenth of it first; if"
    assert f"warning: that is near chance, 0.1000 with 10 labels: try {few}" in done.stderr
    words[words.index(tmp_path / "run")] = tmp_path / "longer"
    done = python(*words, "--model", "mlp", "--epochs", 2, "--batch-size", 16, "--learning-rate", 1e-9, "--width", 8)
    assert "labels: try another --learning-rate than 1e-09, a tenth of it first, or more --epochs; if" in done.stderr
    assert "learning_curves.png, augmented.png\n" in done.stderr


def test_a_run_that_learned_is_not_warned_of(finished: Path, small: Prepared) -> None:
    done = train(small, finished)
    assert "up to date" in done.stderr
    assert "near chance" not in done.stderr
    assert (finished / "augmented.png").is_file()


def killed_after_an_epoch(small: Prepared, run: Path) -> None:
    """Kills a training of three epochs, after one or two."""
    with subprocess.Popen(command(small, run), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 90
        while not (run / "checkpoint" / "history.csv").is_file():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        assert process.wait() == -signal.SIGKILL


def test_a_killed_training_goes_on_as_if_it_had_not_been(finished: Path, small: Prepared, tmp_path: Path) -> None:
    run = tmp_path / "killed"
    killed_after_an_epoch(small, run)
    rows = read_history(run / "checkpoint" / "history.csv")
    assert 1 <= len(rows) < 3
    assert not (run / "run.json").exists()
    (run / ".checkpoint.killed.partial").mkdir()  # what it may leave when it dies while it writes

    done = train(small, run)
    assert done.returncode == 0, done.stderr
    assert f"continuing after epoch {len(rows)} of at most 3" in done.stderr
    history = read_history(run / "history.csv")
    assert [row.epoch for row in history] == [1, 2, 3]
    assert history[: len(rows)] == rows
    assert not list(run.glob(".*")), "leftovers are removed"
    assert_alike(history, read_history(finished / "history.csv"))


def assert_alike(history: tuple[Epoch, ...], other: tuple[Epoch, ...]) -> None:
    """Same weights, optimizer, order, mirroring and dropout; sums on several threads may differ in the last digits."""
    assert [row.learning_rate for row in history] == pytest.approx([row.learning_rate for row in other], rel=1e-6)
    assert [row.loss for row in history] == pytest.approx([row.loss for row in other], rel=1e-3)


def test_a_polite_stop_says_how_to_go_on(small: Prepared, tmp_path: Path) -> None:
    run = tmp_path / "stopped"
    with subprocess.Popen(
        command(small, run, "--epochs", "50"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 90
        while not (run / "checkpoint" / "history.csv").is_file():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"go on after the last finished epoch with: {sys.executable} -m train fit --data" in talk or (
        "go on after the last finished epoch with: .venv/bin/python -m train fit --data" in talk
    )
    assert "Traceback" not in talk


def test_starting_over_that_is_stopped_before_it_begins_is_told_as_that(
    finished: Path, small: Prepared, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(*words: object, **more: object) -> None:
        raise KeyboardInterrupt  # at whatever is done before the old run gives way

    monkeypatch.setattr("train.fitting.fit.prepare_device", stopped)
    argv = command(small, finished, "--fresh")[2:]
    monkeypatch.setattr(sys, "argv", argv)
    assert main(argv[1:]) == 130
    told = capsys.readouterr().err
    assert "no epoch was finished; begin again with: " in told
    assert "--fresh" in told
    assert open_run(finished).record.model


def test_tensorboard_gets_each_epoch_and_the_model_is_the_same(finished: Path, small: Prepared, tmp_path: Path) -> None:
    done = train(small, tmp_path / "run", "--tensorboard", str(tmp_path / "board"))
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "board").iterdir()} == {"train", "validation"}
    assert all(any(path.glob("events.out.tfevents.*")) for path in (tmp_path / "board").iterdir())
    mine, theirs = (read_history(run / "history.csv") for run in (tmp_path / "run", finished))
    assert [replace(row, seconds=0) for row in mine] == [replace(row, seconds=0) for row in theirs]


def test_a_loss_that_is_no_number_ends_with_a_clear_error(small: Prepared, tmp_path: Path) -> None:
    done = train(small, tmp_path / "run", "--learning-rate", "1e38")
    assert done.returncode == 1
    told = re.search(
        r"the loss stopped being a number in epoch 1, step (\d+) of 84; lower --learning-rate", done.stderr
    )
    assert told is not None, done.stderr
    assert 1 <= int(told[1]) <= 84
    assert not (tmp_path / "run" / "run.json").exists()
    assert not (tmp_path / "run" / "checkpoint").exists()


def test_a_loss_that_is_no_number_later_keeps_the_last_good_checkpoint(small: Prepared, tmp_path: Path) -> None:
    run = tmp_path / "run"
    kept = run / "checkpoint"
    killed_after_an_epoch(small, run)
    rows = read_history(kept / "history.csv")
    model = keras.models.load_model(kept / LAST)
    model.set_weights([np.full_like(array, np.nan) for array in model.get_weights()])
    model.save(kept / LAST)
    before = {path.name: path.read_bytes() for path in kept.iterdir()}
    done = train(small, run)
    assert done.returncode == 1
    assert f"the loss stopped being a number in epoch {len(rows) + 1}, step 1 of 84" in done.stderr
    assert f"; the checkpoint after epoch {len(rows)} stays; lower --learning-rate" in done.stderr
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == before


def test_a_full_disk_ends_training_with_a_sentence(small: Prepared, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    words = on_a_small_disk(tmp_path / "disk", "600k")  # the network and what Adam keeps of it take 1.2 MB
    full = [*words, *command(small, tmp_path / "disk" / "run", "--model", "mlp", "--width", "0")]
    done = subprocess.run(full, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 1
    assert re.search(r"disk/run/\S+: cannot be written: .*[Nn]o space left on device", done.stderr), done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_gpu_training_fails_with_what_to_do_and_leaves_nothing(small: Prepared, tmp_path: Path) -> None:
    arguments = command(small, tmp_path / "run", "--device", "gpu")
    hidden = {"CUDA_VISIBLE_DEVICES": "-1", "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60, env=hidden)
    assert done.returncode == 1
    assert "device 'gpu' was asked for and TensorFlow sees none: CUDA_VISIBLE_DEVICES=-1 hides" in done.stderr
    assert "--device cpu" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_network_that_cannot_be_leaves_the_place_to_another(small: Prepared, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = train(small, run, "--model", "mobilenet_v2", "--width", "0")
    assert done.returncode == 2
    assert "mobilenet_v2 needs pictures of 32 x 32 pixels or more, the dataset has 28 x 28" in done.stderr
    assert not run.exists()


@pytest.mark.parametrize(
    "failing",
    [
        ("--from", "nowhere"),
        ("--teacher", "nowhere"),
        ("--model", "efficientnet_lite0", "--width", "0", "--weights", "nowhere.npz"),
        ("--model", "nowhere:build", "--width", "0"),
        ("--from", "RUN"),
    ],
    ids=" ".join,
)
def test_starting_over_takes_nothing_away_before_there_is_something_to_train(
    finished: Path, small: Prepared, tmp_path: Path, failing: tuple[str, ...]
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    done = train(small, run, "--fresh", *(word.replace("RUN", str(run)) for word in failing))
    assert done.returncode in (1, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_starting_over_does_not_pull_a_training_from_under(finished: Path, small: Prepared, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    with held(run):
        done = train(small, run, "--fresh")
    assert done.returncode == 1
    assert "another training is at work" in done.stderr
    assert open_run(run).record == open_run(finished).record


def test_what_failed_before_it_began_may_be_typed_again_corrected(
    finished: Path, small: Prepared, tmp_path: Path
) -> None:
    assert train(small, tmp_path / "run", "--from", "nowhere").returncode == 1
    assert not (tmp_path / "run").exists()
    done = train(small, tmp_path / "run", "--from", str(finished), "--epochs", "1")
    assert done.returncode == 0, done.stderr
    again = train(small, tmp_path / "run", "--epochs", "1", "--seed", "4", "--fresh")
    assert again.returncode == 0, again.stderr
    assert open_run(tmp_path / "run").record.start is None
