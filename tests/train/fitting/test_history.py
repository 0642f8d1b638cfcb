from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.errors import RunError
from train.fitting.history import Epoch, Memory, is_over, read_history, remember, to_csv


def history(*accuracies: float) -> tuple[Epoch, ...]:
    return tuple(Epoch(n, 0.5, 0.8, 0.6, accuracy, 1e-3, 1.5) for n, accuracy in enumerate(accuracies, 1))


def test_nothing_is_remembered_of_nothing() -> None:
    assert remember(()) == Memory(best=-1.0, best_epoch=0, wait=0)


def test_the_best_epoch_is_the_first_that_reached_the_best_accuracy() -> None:
    assert remember(history(0.7, 0.9, 0.8, 0.9)) == Memory(best=0.9, best_loss=0.6, best_epoch=2, wait=2)


def test_of_equal_accuracies_the_lower_loss_is_the_better() -> None:
    rows = [replace(row, val_loss=loss) for row, loss in zip(history(0.9, 1.0, 1.0), (0.3, 0.2, 0.1), strict=True)]
    assert remember(rows) == Memory(best=1.0, best_loss=0.1, best_epoch=3, wait=0)
    worse = [replace(row, val_loss=loss) for row, loss in zip(history(1.0, 0.9), (0.2, 0.1), strict=True)]
    assert remember(worse).best_epoch == 1


def test_an_improvement_resets_the_wait() -> None:
    assert remember(history(0.7, 0.6, 0.6, 0.8)) == Memory(best=0.8, best_loss=0.6, best_epoch=4, wait=0)


def test_a_model_that_is_never_right_still_has_a_best_epoch() -> None:
    assert remember(history(0.0, 0.0)) == Memory(best=0.0, best_loss=0.6, best_epoch=1, wait=1)


def test_training_is_over_when_patience_or_epochs_are_exhausted() -> None:
    assert not is_over(history(0.9, 0.8), epochs=5, patience=2)
    assert is_over(history(0.9, 0.8, 0.8), epochs=5, patience=2)
    assert is_over(history(0.7, 0.8, 0.9), epochs=3, patience=2)


def test_patience_begins_with_the_phase() -> None:
    head = (0.5, 0.6, 0.4, 0.4, 0.4)  # the last layer alone, best in its second epoch
    assert not is_over(history(*head, 0.5), epochs=12, patience=3, first=5)
    assert is_over(history(*head, 0.5, 0.5, 0.5), epochs=12, patience=3, first=5)
    assert not is_over(history(*head, 0.5, 0.7, 0.5, 0.5), epochs=12, patience=3, first=5)


def test_a_history_reads_back_to_the_same_floats(tmp_path: Path) -> None:
    rows = (Epoch(1, 0.1 + 0.2, 1 / 3, 1e-17, 2 / 3, 0.004, 12.345), *history(0.5, 0.6)[1:])
    (tmp_path / "history.csv").write_bytes(to_csv(rows))
    assert read_history(tmp_path / "history.csv") == rows


@pytest.mark.parametrize("content", ["epoch,loss\n1,0.5\n", "nonsense\n1\n"])
def test_a_damaged_history_is_refused_by_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "history.csv").write_text(content)
    with pytest.raises(RunError, match=r"history\.csv: cannot be read as a history"):
        read_history(tmp_path / "history.csv")


def test_a_history_with_an_epoch_twice_is_refused(tmp_path: Path) -> None:
    rows = history(0.5, 0.6)
    (tmp_path / "history.csv").write_bytes(to_csv((*rows, rows[1])))
    with pytest.raises(RunError, match=r"epochs 1 to 3 expected, \[1, 2, 2\] found"):
        read_history(tmp_path / "history.csv")
