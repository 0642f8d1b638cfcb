import dataclasses
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import EdgeError, FieldError, UsageError
from train.config import (
    TrainConfig,
    asked_anew,
    asked_config,
    asked_model,
    first_difference,
    read_config,
    sized_for,
    stands_for,
    to_toml,
)


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("epochs = 3\nseed = 7\n")
    assert read_config(file, {"seed": 9}) == TrainConfig(epochs=3, seed=9)


def test_a_written_configuration_reads_back_equal(tmp_path: Path) -> None:
    other: dict[str, Any] = {"schedule": "cosine", "precision": "mixed_float16", "model": "resnet8", "device": "cpu"}
    for name, value in dataclasses.asdict(TrainConfig()).items():
        # Where not every value fits: MixUp and CutMix exclude each other, and a resnet8 has no weights to be fetched.
        number = {
            "epochs": 7,
            "seed": 2**32 - 1,
            "learning_rate": 1e-05,
            "distillation": 0.25,
            "cutmix": 0.0,
            "weights": "",
            "freeze_epochs": -1,
        }.get(name)
        fitting = {bool: True, int: 2, float: 0.5, str: 'runs/a "b"'}[type(value)]
        other.setdefault(name, fitting if number is None else number)
    config = TrainConfig(**other)
    assert [name for name in other if getattr(TrainConfig(), name) == other[name]] == [
        "schedule",
        "cutmix",
        "weights",
        "freeze_epochs",
    ]
    file = tmp_path / "config.toml"
    file.write_text(to_toml(config))
    assert read_config(file, {}) == config


@given(
    st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(["𠮷/🙂", "\x7f", "\x00\n\r\t\x1f", "\\\"'"])
)
def test_any_path_reads_back_equal(path: str) -> None:
    config = TrainConfig(start=path)
    assert TrainConfig(**tomllib.loads(to_toml(config))) == config


@pytest.mark.parametrize(("name", "flag"), [("start", "--from"), ("teacher", "--teacher"), ("weights", "--weights")])
def test_a_path_that_toml_cannot_hold_is_refused_before_anything_is_written(name: str, flag: str) -> None:
    path = os.fsdecode(b"runs/caf\xe9")
    with pytest.raises(UsageError) as caught:
        asked_config(None, {name: path, "model": "mobilenet_v2"})
    said = rf"{flag}: a path in UTF-8 expected, as config.toml is, 'runs/caf\udce9' found; rename it"
    assert str(caught.value) == said


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
        ("label_smoothing", 1.0),
        ("distillation", 1.5),
        ("distillation", 0.5),
        ("warmup", 6.0),
        ("weight_decay", -0.1),
        ("clip_norm", float("inf")),
        ("schedule", "linear"),
        ("precision", "float16"),
        ("rotation", 181.0),
        ("zoom", 1.5),
        ("mixup", -1.0),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(FieldError, match=name):
        read_config(None, {name: value})


@pytest.mark.parametrize(
    "values", [{"mixup": 0.2, "cutmix": 1.0}, {"schedule": "plateau", "warmup": 1.0}, {"epochs": 2, "warmup": 2.0}]
)
def test_values_that_do_not_go_together_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(FieldError, match="expected"):
        read_config(None, values)


def test_a_file_that_is_missing_or_not_toml_is_refused_by_name(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    with pytest.raises(EdgeError, match=r"config\.toml: No such file") as missing:
        read_config(file, {})
    assert missing.value.exit_code == 1  # of a file that may come, the command line is not to blame
    for content in (b"epochs = = 3", b"\xff\xfe"):
        file.write_bytes(content)
        with pytest.raises(UsageError, match=r"config\.toml: not valid TOML"):
            read_config(file, {})


@pytest.mark.parametrize(
    ("content", "given", "said"),
    [
        ("epoks = 3", {}, "FILE: unknown field 'epoks'; did you mean 'epochs'?"),
        ("epochs = 'x'", {}, 'FILE: epochs: a whole number expected, "x" found'),
        ("epochs = 0", {}, "FILE: epochs: 1 or more expected, 0 found"),
        ("epochs = 0", {"epochs": -1}, "--epochs: 1 or more expected, -1 found"),
        ("seed = 1", {"epochs": -1}, "--epochs: 1 or more expected, -1 found"),
    ],
)
def test_what_is_typed_wrongly_is_a_usage_error_that_names_the_file_if_it_is_there(
    content: str, given: dict[str, Any], said: str, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(content)
    with pytest.raises(UsageError) as caught:
        asked_config(file, given)
    assert str(caught.value) == said.replace("FILE", str(file))


def test_a_network_that_is_not_known_is_a_usage_error(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("model = 'cnnn'")
    with pytest.raises(UsageError, match=r"config\.toml: model: one of mlp, .* expected, 'cnnn' found"):
        asked_model(file, {})


def test_the_first_field_that_differs_is_found() -> None:
    assert first_difference(TrainConfig(), TrainConfig()) is None
    assert first_difference(TrainConfig(epochs=3, seed=1), TrainConfig(epochs=4, seed=2)) == ("epochs", 3, 4)


def test_fashion_mnist_gets_the_defaults_and_a_few_hundred_pictures_get_small_steps_and_many_passes() -> None:
    assert sized_for(54_000) == TrainConfig()
    few = sized_for(287)
    assert (few.batch_size, few.epochs, few.patience) == (16, 40, 20)
    assert few.learning_rate < TrainConfig().learning_rate


@pytest.mark.parametrize("pictures", [1, 15, 16, 1000, 10_000, 1_000_000])
def test_any_number_of_pictures_has_sensible_sizes(pictures: int) -> None:
    config = sized_for(pictures)
    assert 16 <= config.batch_size <= 128
    assert 6 <= config.epochs <= 40


def test_a_file_and_flags_win_over_what_the_number_of_pictures_suggests(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("epochs = 7\nbatch_size = 8\n")
    config = read_config(tmp_path / "c.toml", {"batch_size": 4}, sized_for(287))
    assert (config.epochs, config.batch_size, config.patience) == (7, 4, 20)


@pytest.mark.parametrize(
    ("content", "given", "rate"),
    [
        ("", {}, 0.004),
        ("", {"batch_size": 16}, 0.00141),
        ("batch_size = 16", {}, 0.00141),
        ("batch_size = 16", {"batch_size": 32}, 0.002),
        ("", {"batch_size": 512}, 0.004),
        ("", {"model": "mlp"}, 0.00297),
        ("model = 'mlp'", {"batch_size": 128}, 0.0021),
        ("", {"start": "runs/a"}, 0.001),
        ("start = 'runs/a'", {}, 0.001),
        ("start = 'runs/a'", {"start": ""}, 0.004),
        ("learning_rate = 0.1", {"batch_size": 16, "start": "runs/a"}, 0.1),
        ("batch_size = 16", {"learning_rate": 0.1}, 0.1),
    ],
)
def test_a_learning_rate_that_nobody_chose_suits_what_was_chosen(
    content: str, given: dict[str, Any], rate: float, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(content)
    assert asked_anew(file, given, 54_000).learning_rate == rate


def test_where_nothing_is_chosen_a_training_begins_with_what_suits_the_number_of_pictures() -> None:
    for pictures in (287, 10_000, 54_000):
        assert asked_anew(None, {}, pictures) == sized_for(pictures)
    few = asked_anew(None, {"batch_size": 128}, 287)
    assert (few.batch_size, few.learning_rate, few.epochs) == (128, 0.004, 40)
    with pytest.raises(UsageError, match="--batch-size: 1 or more expected, 0 found"):
        asked_anew(None, {"batch_size": 0}, 287)


def test_what_is_left_to_the_network_is_said_beside_the_value(tmp_path: Path) -> None:
    assert stands_for(TrainConfig()) == {"width": "the network's own, 32"}
    assert stands_for(TrainConfig(width=16)) == stands_for(TrainConfig(model="nets:build")) == {}
    backbone = TrainConfig(model="mobilenet_v2")
    assert stands_for(backbone) == {"freeze_epochs": "a third of all epochs"}
    assert "freeze_epochs = -1  # a third of all epochs\n" in to_toml(backbone)
    (tmp_path / "config.toml").write_text(to_toml(backbone))
    assert read_config(tmp_path / "config.toml", {}) == backbone
