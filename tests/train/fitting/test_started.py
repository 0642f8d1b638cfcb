from pathlib import Path

import pytest

from edge_runtime.errors import RunError
from edge_runtime.stages.prepared import Prepared
from train.config import TrainConfig
from train.fitting.started import check_owner, claim, held, start_over


def test_the_same_configuration_and_dataset_may_go_on(tmp_path: Path, small: Prepared) -> None:
    run = tmp_path / "run"
    check_owner(run, TrainConfig(), small)
    claim(run, TrainConfig(), small)
    check_owner(run, TrainConfig(), small)


def test_another_configuration_is_refused_with_the_first_field_that_differs(tmp_path: Path, small: Prepared) -> None:
    claim(tmp_path, TrainConfig(seed=1), small)
    with pytest.raises(RunError, match=r"was begun with seed = 1, 2 is asked for now; .*--run.*--fresh"):
        check_owner(tmp_path, TrainConfig(seed=2), small)


def test_a_finished_run_that_is_to_get_more_epochs_is_told_how_to_go_on_from_it(
    tmp_path: Path, small: Prepared
) -> None:
    claim(tmp_path, TrainConfig(epochs=3), small)
    with pytest.raises(RunError, match=r"begun with epochs = 3, 4 is asked for now; train elsewhere"):
        check_owner(tmp_path, TrainConfig(epochs=4), small)
    (tmp_path / "run.json").touch()
    with pytest.raises(RunError, match=rf"it is finished: --from {tmp_path} with another --run .*--fresh"):
        check_owner(tmp_path, TrainConfig(epochs=4), small)


def test_another_dataset_is_refused_with_both_digests(tmp_path: Path, small: Prepared, fashion_mnist: Prepared) -> None:
    claim(tmp_path, TrainConfig(), small)
    with pytest.raises(RunError, match=rf"{small.digest[:12]}….*{fashion_mnist.digest[:12]}….*--fresh"):
        check_owner(tmp_path, TrainConfig(), fashion_mnist)


def test_a_directory_of_something_else_is_neither_used_nor_emptied(tmp_path: Path, small: Prepared) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match="not a run directory"):
        check_owner(tmp_path, TrainConfig(), small)
    with pytest.raises(RunError, match="--fresh leaves it alone"):
        start_over(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_starting_over_removes_what_training_wrote_and_nothing_else(tmp_path: Path, small: Prepared) -> None:
    claim(tmp_path, TrainConfig(), small)
    for name in ("run.json", "model.keras", "history.csv", "metrics.json", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "checkpoint").mkdir()
    start_over(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_training_at_work_is_not_pulled_from_under(tmp_path: Path, small: Prepared) -> None:
    claim(tmp_path, TrainConfig(), small)
    with held(tmp_path), pytest.raises(RunError, match="another training is at work"):
        start_over(tmp_path)
    assert (tmp_path / "config.toml").is_file()


def test_damaged_records_are_refused_with_what_to_do(tmp_path: Path, small: Prepared) -> None:
    claim(tmp_path, TrainConfig(), small)
    (tmp_path / "started.json").write_text("{")
    with pytest.raises(RunError, match=r"started\.json: not valid JSON.*--fresh"):
        check_owner(tmp_path, TrainConfig(), small)


def test_two_trainings_cannot_be_at_work_in_one_directory(tmp_path: Path) -> None:
    with held(tmp_path), pytest.raises(RunError, match="another training is at work"), held(tmp_path):
        pass
    with held(tmp_path):
        pass
