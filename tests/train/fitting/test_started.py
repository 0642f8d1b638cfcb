from pathlib import Path

import pytest

from edge_runtime.errors import RunError
from edge_runtime.stages.prepared import Prepared
from train.config import TrainConfig
from train.fitting.started import begin, check_owner, check_replaceable, claim, held


def learned(run: Path, config: TrainConfig, prepared: Prepared) -> None:
    """A run directory as far as `check_owner` reads it, after an epoch."""
    claim(run, config, prepared)
    (run / "checkpoint").mkdir()


def test_the_same_configuration_and_dataset_may_go_on(tmp_path: Path, small: Prepared) -> None:
    run = tmp_path / "run"
    check_owner(run, TrainConfig(), small)
    learned(run, TrainConfig(), small)
    check_owner(run, TrainConfig(), small)


def test_another_configuration_is_refused_with_the_first_field_that_differs(tmp_path: Path, small: Prepared) -> None:
    learned(tmp_path, TrainConfig(seed=1), small)
    with pytest.raises(RunError, match=r"was begun with seed = 1, 2 is asked for now; .*--run.*--fresh"):
        check_owner(tmp_path, TrainConfig(seed=2), small)


def test_a_finished_run_that_is_to_get_more_epochs_is_told_how_to_go_on_from_it(
    tmp_path: Path, small: Prepared
) -> None:
    learned(tmp_path, TrainConfig(epochs=3), small)
    with pytest.raises(RunError, match=r"begun with epochs = 3, 4 is asked for now; train elsewhere"):
        check_owner(tmp_path, TrainConfig(epochs=4), small)
    (tmp_path / "run.json").touch()
    with pytest.raises(RunError, match=rf"it is finished: --from {tmp_path} with another --run .*--fresh"):
        check_owner(tmp_path, TrainConfig(epochs=4), small)


def test_another_dataset_is_refused_with_both_digests(tmp_path: Path, small: Prepared, fashion_mnist: Prepared) -> None:
    learned(tmp_path, TrainConfig(), small)
    with pytest.raises(RunError, match=rf"{small.digest[:12]}….*{fashion_mnist.digest[:12]}….*--fresh"):
        check_owner(tmp_path, TrainConfig(), fashion_mnist)


def test_a_directory_of_something_else_is_neither_used_nor_emptied(tmp_path: Path, small: Prepared) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match="not a run directory"):
        check_owner(tmp_path, TrainConfig(), small)
    with pytest.raises(RunError, match="--fresh leaves it alone"):
        check_replaceable(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_beginning_removes_what_training_wrote_and_nothing_else(tmp_path: Path, small: Prepared) -> None:
    learned(tmp_path, TrainConfig(), small)
    for name in ("run.json", "model.keras", "history.csv", "metrics.json", "notes.txt"):
        (tmp_path / name).touch()
    check_replaceable(tmp_path)
    begin(tmp_path, TrainConfig(seed=2), small)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.toml", "notes.txt", "started.json"]
    check_owner(tmp_path, TrainConfig(seed=2), small)


def test_what_has_learned_nothing_yet_may_be_begun_with_other_values(tmp_path: Path, small: Prepared) -> None:
    claim(tmp_path, TrainConfig(seed=1), small)
    check_owner(tmp_path, TrainConfig(seed=2), small)


def test_a_place_in_which_nothing_was_begun_is_gone_again(tmp_path: Path, small: Prepared) -> None:
    with held(tmp_path / "empty"):
        assert (tmp_path / "empty").is_dir()
    with held(tmp_path / "begun"):
        begin(tmp_path / "begun", TrainConfig(), small)
    (tmp_path / "mine").mkdir()
    with held(tmp_path / "mine"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["begun", "mine"]


def test_damaged_records_are_refused_with_what_to_do(tmp_path: Path, small: Prepared) -> None:
    learned(tmp_path, TrainConfig(), small)
    (tmp_path / "started.json").write_text("{")
    with pytest.raises(RunError, match=r"started\.json: not valid JSON.*--fresh"):
        check_owner(tmp_path, TrainConfig(), small)


def test_two_trainings_cannot_be_at_work_in_one_directory(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(RunError, match="another training is at work"), held(tmp_path):
        pass
    with held(tmp_path):
        pass
