"""A search end to end, through the command line, as a user would; one dense layer learns in seconds."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.stages.prepared import Prepared, Split, write_prepared
from edge_runtime.stages.run import open_run
from tests.support import ROOT, python
from train.fitting.history import read_history
from train.tuning.record import StudyRecord, read_study, write_study

SPACE = """\
model = "mlp"
width = 16
epochs = {epochs}
patience = {epochs}
batch_size = 100
learning_rate = [0.004, 1e38]
"""


@pytest.fixture(scope="module")
def untested(small: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset without the pixels of its test split: whoever looks at them fails."""
    directory = tmp_path_factory.mktemp("untested") / "data"
    shutil.copytree(small.directory, directory)
    (directory / "test_pixels.npy").unlink()
    return directory


def words(data: Path, study: Path, *more: object) -> list[str]:
    return [str(word) for word in ("-m", "train", "tune", "--data", data, "--study", study, "--device", "cpu", *more)]


def space(tmp_path: Path, epochs: int) -> Path:
    path = tmp_path / "space.toml"
    path.write_text(SPACE.format(epochs=epochs))
    return path


def record_of(study: Path) -> StudyRecord:
    found = read_study(study)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def searched(untested: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A study of all that its space has, one of which cannot be trained, and what the command said."""
    place = tmp_path_factory.mktemp("studies")
    study = place / "study"
    done = python(*words(untested, study, "--space", space(place, 2), "--trials", 5))
    assert done.returncode == 0, done.stderr
    return study, done


def test_a_finished_trial_is_a_run_with_figures_of_its_int8_file(searched: tuple[Path, Any]) -> None:
    study, done = searched
    trial = record_of(study).trials[0]
    run = study / "trials" / "0000"
    assert open_run(run).record.device == "cpu"
    assert trial.accuracies == tuple(row.val_accuracy for row in read_history(run / "history.csv"))
    assert trial.measured is not None
    assert abs(trial.measured.accuracy - trial.float32) < 0.03, "of the same 500 pictures"
    assert trial.measured.accuracy * 500 == pytest.approx(round(trial.measured.accuracy * 500))
    assert trial.measured.queries >= 1024
    assert 0 < trial.measured.latency < 0.01
    assert done.stdout == f"{run}\n", "the front"


def test_a_trial_that_fails_is_recorded_and_does_not_end_the_search(searched: tuple[Path, Any]) -> None:
    study, done = searched
    record = record_of(study)
    assert [trial.state for trial in record.trials] == ["finished", "failed"]
    assert "the loss stopped being a number in epoch 1" in record.trials[1].reason
    assert "--fresh" not in record.trials[1].reason, "which a search does not know"
    assert "trial 0001 (2 of 5): mlp, learning_rate 1e+38: failed: " in done.stderr
    assert "the space has nothing new after 2 trials" in done.stderr
    assert (study / "logs" / "0001.log").is_file()


def test_the_end_tells_the_front_and_how_to_go_on_with_it(searched: tuple[Path, Any]) -> None:
    study, done = searched
    lines = done.stderr.splitlines()
    head = next(number for number, line in enumerate(lines) if line.split()[:2] == ["trial", "int8"])
    assert lines[head + 1].startswith("0000 ")
    assert (study / "pareto.png").read_bytes().startswith(b"\x89PNG")
    assert "with 500 validation pictures, differences below some" in done.stderr
    again = next(line for line in lines if "train fit" in line).split("-m train fit ")[1].split()
    assert again[again.index("--config") + 1] == str(study / "trials" / "0000" / "config.toml")
    assert not list(study.glob(".*")), "what was measured is removed"


def test_a_search_that_is_done_is_up_to_date_without_keras_and_optuna(
    searched: tuple[Path, Any], untested: Path
) -> None:
    study, _ = searched
    before = (study / "study.json").stat().st_mtime_ns
    code = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = sys.modules['optuna'] = None; "
        "from train.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    done = python("-c", code, *words(untested, study, "--trials", 2)[2:])
    assert done.returncode == 0, done.stderr
    assert "up to date: 2 trials, 1 failed" in done.stderr
    assert (study / "study.json").stat().st_mtime_ns == before


def test_the_run_that_is_proposed_is_one_that_is_free(
    searched: tuple[Path, Any], untested: Path, tmp_path: Path
) -> None:
    study, _ = searched
    found = []
    for taken in ("none", "study", "study-2"):
        (tmp_path / "runs" / taken).mkdir(parents=True)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = python(*words(untested, study, "--trials", 2), cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stderr
        found.append(done.stderr.splitlines()[-1].split()[-1])
    assert found == ["runs/study", "runs/study-2", "runs/study-3"]


def test_a_failed_trial_is_tried_again_when_asked(searched: tuple[Path, Any], untested: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(searched[0], study)
    record = record_of(study)
    first, second = record.trials
    # As after a full disk: nothing is wrong with the configuration.
    second = replace(second, config=replace(first.config, seed=1), reason="No space left on device")
    shutil.rmtree(study / "trials" / "0001")
    write_study(study, replace(record, trials=(first, second)))
    done = python(*words(untested, study, "--trials", 2))
    assert "--retry-failed" in done.stderr
    assert [trial.state for trial in record_of(study).trials] == ["finished", "failed"]
    done = python(*words(untested, study, "--trials", 2, "--retry-failed"))
    assert done.returncode == 0, done.stderr
    assert "trial 0001: failed, is tried once more" in done.stderr
    assert [(trial.state, trial.reason) for trial in record_of(study).trials] == [("finished", "")] * 2


def test_another_space_or_dataset_is_not_mixed_in(
    searched: tuple[Path, Any], untested: Path, small: Prepared, tmp_path: Path
) -> None:
    study, _ = searched
    other = tmp_path / "other.toml"
    other.write_text('model = "mlp"\nwidth = [16, 32]\n')
    done = python(*words(untested, study, "--space", other))
    assert done.returncode == 2
    assert (
        f"{study}: its space was begun with width = 16, now it has width = [16, 32]; choose another --study"
        in done.stderr
    )
    done = python(*words(untested, study, "--epochs", 3))
    assert done.returncode == 2
    assert "was begun with the networks' own epochs, 3 asked for now" in done.stderr
    part = small.split("train")
    fewer = write_prepared(
        tmp_path / "fewer",
        name="fewer",
        origin="",
        grey=True,
        spec=small.record.spec,
        seed=0,
        splits={name: Split(part.pixels[:50], part.labels[:50]) for name in ("train", "validation", "test")},
    )
    done = python(*words(fewer.directory, study))
    assert done.returncode == 2
    assert "was begun with dataset fashion_mnist" in done.stderr


def test_a_typo_ends_it_before_anything_is_made(untested: Path, tmp_path: Path) -> None:
    typo = tmp_path / "space.toml"
    typo.write_text("learning_rat = [0.1, 0.2]")
    done = python(*words(untested, tmp_path / "study", "--space", typo))
    assert done.returncode == 2
    assert done.stderr == f"train: error: --space {typo}: unknown field 'learning_rat'; did you mean 'learning_rate'?\n"
    assert not (tmp_path / "study").exists()


def stopped(command: list[str], history: Path, number: signal.Signals) -> tuple[int, str]:
    """Starts a search, sends it a signal after three more epochs, and returns its exit code and what it said."""
    seen = len(history.read_text().splitlines()) if history.is_file() else 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not history.is_file() or len(history.read_text().splitlines()) < seen + 3:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        _, talk = process.communicate(timeout=90)
    return process.returncode, talk


def test_a_killed_search_goes_on_inside_of_its_trial(untested: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    command = words(untested, study, "--space", space(tmp_path, 60), "--trials", 1)
    history = study / "trials" / "0000" / "history.csv"
    assert stopped([sys.executable, *command], history, signal.SIGKILL)[0] == -signal.SIGKILL
    code, talk = stopped([sys.executable, *command], history, signal.SIGTERM)
    assert code == 130
    assert "trial 0000: goes on where it was stopped" in talk
    assert "stopped; go on with: " in talk
    assert f"-m train tune --data {untested} --study {study}" in talk
    assert "Traceback" not in talk
    assert record_of(study).trials[0].state == "running"
    assert "continuing after epoch" in (study / "logs" / "0000.log").read_text()
    done = python(*command)
    assert done.returncode == 0, done.stderr
    assert record_of(study).trials[0].state == "finished"
    assert len(read_history(history)) == 60, "every epoch once"


def test_a_hopeless_trial_is_ended_early_and_can_be_trained_on(untested: Path, tmp_path: Path) -> None:
    study, path = tmp_path / "study", tmp_path / "space.toml"
    path.write_text(SPACE.format(epochs=40).replace("[0.004, 1e38]", "[0.004, 1e-9]"))
    begun = python(*words(untested, study, "--space", path, "--trials", 1))
    assert begun.returncode == 0, begun.stderr
    record = record_of(study)
    # Two more like it, so that there is a median; only the seed would have told them apart.
    more = [replace(record.trials[0], number=number) for number in (1, 2)]
    write_study(study, replace(record, trials=(*record.trials, *more)))
    done = python(*words(untested, study, "--trials", 4))
    assert done.returncode == 0, done.stderr
    trial = record_of(study).trials[3]
    assert trial.state == "ended early"
    assert "mlp, learning_rate 1e-09: ended early: 0." in done.stderr
    assert "epochs, the median of its like is 0." in trial.reason
    assert 2 <= len(trial.accuracies) < 40
    assert (study / "trials" / "0003" / "checkpoint").is_dir(), "fit goes on with it"
