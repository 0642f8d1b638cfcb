import tomllib
from pathlib import Path

import pytest

from edge_runtime.errors import EdgeError, FieldError, UsageError
from train.tuning.declared import DEFAULT, parse_space, read_space
from train.tuning.space import Choice, Span


def refused(text: str) -> str:
    with pytest.raises((FieldError, UsageError)) as caught:
        parse_space(tomllib.loads(text), "space.toml", {})
    return str(caught.value)


def test_a_typo_is_refused_by_name() -> None:
    assert refused("learning_rat = [0.1, 0.2]") == (
        "space.toml: unknown field 'learning_rat'; did you mean 'learning_rate'?"
    )
    assert refused("[when.cnn]\nwith = [1, 2]") == "space.toml: when.cnn: unknown field 'with'; did you mean 'width'?"
    assert refused("dropout = {low = 0.0, hihg = 1.0}") == ("space.toml: dropout: unknown 'hihg'; did you mean 'high'?")
    assert "no network is called 'cn'; did you mean 'cnn'?" in refused('model = ["cn", "mlp"]')
    assert refused("wehn = {cnn = {width = [8, 16]}}").endswith("did you mean 'when'?")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("dropout = []", "dropout: a list of choices expected, an empty one found"),
        ("dropout = {low = 0.5, high = 0.1}", "dropout: low 0.5 is not below high 0.1"),
        ("dropout = {low = 0.0, high = 0.5, log = true}", "dropout: low: a number above 0 expected with log = true"),
        ("dropout = {low = 0.1}", "dropout: high: a number expected, None found"),
        ("width = {low = 8, high = 16.5}", "width: high: a whole number expected, 16.5 found"),
        ("flip = {low = 0, high = 1}", "flip: is no number; list its choices"),
        ('dropout = ["much"]', "dropout: a number expected, 'much' found"),
        ("flip = [0, 1]", "flip: true or false expected, 0 found"),
        ("dropout = [[0.1]]", "dropout: a number expected, [0.1] found"),
        ('schedule = ["cosin", "plateau"]', "did you mean 'cosine'?"),
        ("dropout = [0.1, 1.5]", "dropout: a number from 0 to below 1 expected, 1.5 found"),
        ('device = ["cpu", "gpu"]', "device: is said with --device"),
        ("when = 3", "when: tables such as [when.cnn] expected"),
        ('model = ["mlp", "cnn"]\n[when.cnm]\nwidth = [1, 2]', "when.cnm: no such network in it; did you mean 'cnn'?"),
        ("dropout = 0.1", "leaves nothing to choose"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_trained(text: str, reason: str) -> None:
    assert reason in refused(text)


def test_a_width_for_a_network_that_has_its_own_is_refused_with_where_to_put_it() -> None:
    text = refused('model = ["cnn", "mobilenet_v2"]\nwidth = [8, 16]')
    assert text.startswith("space.toml: mobilenet_v2: width: mobilenet_v2 has one of its own")
    assert "[when.NETWORK]" in text


def test_every_form_is_understood() -> None:
    text = 'model = ["mlp", "cnn"]\nepochs = 3\ndropout = {low = 0, high = 0.5}\nflip = [true, false]\n[when.cnn]\n'
    space = parse_space(tomllib.loads(text + "width = {low = 8, high = 64, log = true}\nseed = 7"), "space.toml", {})
    assert space.models == ("mlp", "cnn")
    assert space.of("mlp") == ({"epochs": 3}, {"dropout": Span(0, 0.5, False, False), "flip": Choice((True, False))})
    fixed, free = space.of("cnn")
    assert (fixed, free["width"]) == ({"epochs": 3, "seed": 7}, Span(8, 64, True, True))
    assert space.searched() == ("model", "dropout", "flip", "width")


def test_the_usual_space_is_one() -> None:
    space, text = read_space(None, {"device": "cpu"})
    assert text == DEFAULT
    assert {"model", "width", "learning_rate", "dropout", "label_smoothing", "flip"} <= set(space.searched())


def test_a_file_that_is_not_there_or_no_toml_is_told(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="cannot be read: No such file"):
        read_space(tmp_path / "none.toml", {})
    (tmp_path / "bad.toml").write_text("model = [")
    with pytest.raises(UsageError, match="not TOML"):
        read_space(tmp_path / "bad.toml", {})


def test_a_flag_that_decides_all_there_is_to_choose_is_named() -> None:
    with pytest.raises(UsageError, match="nothing to choose beside what --epochs says"):
        parse_space({"epochs": [3, 6]}, "space.toml", {"epochs": 5})
