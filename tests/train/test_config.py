import dataclasses
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import FieldError, UsageError
from train.config import TrainConfig, first_difference, read_config, sized_for, to_toml


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("epochs = 3\nseed = 7\n")
    assert read_config(file, {"seed": 9}) == TrainConfig(epochs=3, seed=9)


def test_a_written_configuration_reads_back_equal(tmp_path: Path) -> None:
    config = TrainConfig("cnn", 3, 17, 1e-05, 2, 0.25, True, 2**32 - 1, "cpu")
    changed = [name for name, value in dataclasses.asdict(config).items() if getattr(TrainConfig(), name) != value]
    assert len(changed) == len(dataclasses.fields(TrainConfig)) - 1, "only model has one possible value"
    file = tmp_path / "config.toml"
    file.write_text(to_toml(config))
    assert read_config(file, {}) == config


def test_an_unknown_key_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("learning_rat = 0.1\n")
    with pytest.raises(FieldError, match=r"unknown field 'learning_rat'; did you mean 'learning_rate'\?"):
        read_config(file, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", -1),
        ("patience", 0),
        ("seed", -1),
        ("seed", 2**32),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("device", "tpu"),
        ("model", "rnn"),
        ("epochs", 2.5),
        ("flip", 1),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(FieldError, match=name):
        read_config(None, {name: value})


def test_a_file_that_is_missing_or_not_toml_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    with pytest.raises(UsageError, match=r"config\.toml: cannot be read"):
        read_config(file, {})
    file.write_bytes(b"epochs = = 3")
    with pytest.raises(UsageError, match=r"config\.toml: not TOML"):
        read_config(file, {})
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"config\.toml: not TOML"):
        read_config(file, {})


def test_the_first_field_that_differs_is_found() -> None:
    assert first_difference(TrainConfig(), TrainConfig()) is None
    assert first_difference(TrainConfig(epochs=3, seed=1), TrainConfig(epochs=4, seed=2)) == ("epochs", 3, 4)


def test_fashion_mnist_gets_the_defaults_and_a_few_hundred_pictures_get_small_steps_and_many_passes() -> None:
    assert sized_for(54_000) == TrainConfig()
    few = sized_for(287)
    assert (few.batch_size, few.epochs, few.patience) == (16, 40, 10)
    assert few.learning_rate < TrainConfig().learning_rate


@pytest.mark.parametrize("pictures", [1, 15, 16, 1000, 10_000, 1_000_000])
def test_any_number_of_pictures_has_sensible_sizes(pictures: int) -> None:
    config = sized_for(pictures)
    assert 16 <= config.batch_size <= 128
    assert 6 <= config.epochs <= 40


def test_a_file_and_flags_win_over_what_the_number_of_pictures_suggests(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("epochs = 7\nbatch_size = 8\n")
    config = read_config(tmp_path / "c.toml", {"batch_size": 4}, sized_for(287))
    assert (config.epochs, config.batch_size, config.patience) == (7, 4, 10)
