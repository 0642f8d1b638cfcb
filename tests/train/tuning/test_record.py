from pathlib import Path

import pytest

from edge_runtime.errors import RunError
from tests.train.tuning.conftest import MakeTrial
from train.config import TrainConfig
from train.tuning.record import SPACE, STUDY, StudyRecord, Trial, front, read_study, write_study


def test_a_record_comes_back_as_it_was(tmp_path: Path, finished: MakeTrial) -> None:
    failed = Trial(1, "failed", TrainConfig(model="mlp"), reason="no memory")
    record = StudyRecord(1, "parts", "ab" * 32, 500, None, (finished(0, 0.9, 0.02, (0.8, 0.91)), failed))
    write_study(tmp_path, record)
    assert read_study(tmp_path) == record


def test_the_front_holds_what_none_is_better_than_in_both(finished: MakeTrial) -> None:
    trials = [
        finished(0, 0.90, 0.030),
        finished(1, 0.85, 0.010),
        finished(2, 0.84, 0.020),  # 1 is better in both
        finished(3, 0.90, 0.040),  # as accurate as 0, slower
        finished(4, 0.95, 0.100),
        finished(5, 0.85, 0.010),  # as 1, later
        Trial(6, "failed", TrainConfig()),
    ]
    assert [trial.number for trial in front(trials)] == [4, 0, 1]
    assert front([]) == ()


def test_of_two_equally_fast_networks_the_worse_is_not_on_the_front(finished: MakeTrial) -> None:
    assert [trial.number for trial in front([finished(0, 0.83, 0.0080), finished(1, 0.76, 0.0078)])] == [0]


def test_nothing_is_begun_in_a_new_or_an_empty_directory(tmp_path: Path) -> None:
    assert read_study(tmp_path / "new") is None
    assert read_study(tmp_path) is None
    (tmp_path / SPACE).write_text("model = [")
    (tmp_path / ".study.json.x.partial").write_text("")
    assert read_study(tmp_path) is None, "killed before there was a record"


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"")
    with pytest.raises(RunError, match="is not the directory of a search; choose another with --study"):
        read_study(tmp_path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [('{"schema_version": 2}', "schema version 1 expected, 2 found"), ("{", "not valid JSON")],
)
def test_a_record_of_another_version_or_a_damaged_one_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / STUDY).write_text(text)
    with pytest.raises(RunError, match=reason):
        read_study(tmp_path)
