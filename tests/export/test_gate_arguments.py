import argparse
from pathlib import Path

import pytest

from edge_runtime.errors import UsageError
from export.conversion.recipes import select
from export.gate_arguments import add_gate, check_baselines, gate_of, size_of
from export.proof.gate import Gate


def gate(*words: str) -> Gate:
    parser = argparse.ArgumentParser()
    add_gate(parser)
    return gate_of(parser.parse_args(words))


def file(directory: Path, text: str) -> str:
    path = directory / "gate.toml"
    path.write_text(text)
    return str(path)


def test_without_a_word_one_point_of_top1_may_be_lost() -> None:
    assert gate() == Gate() == Gate(max_degradation=1.0)


def test_every_demand_has_a_flag() -> None:
    words = "--max-degradation 0.5 --max-label-degradation 3 --min-agreement 0.99 --max-size 300k --max-latency 1.5"
    assert gate(*words.split()) == Gate(0.5, 3.0, 0.99, 300_000, 1.5)


def test_every_demand_can_stand_in_a_file_whose_place_a_flag_takes(tmp_path: Path) -> None:
    text = (
        'max_degradation = 2\nmax_label_degradation = 3.0\nmin_agreement = 0.99\nmax_size = "1.5M"\nmax_latency = 2\n'
    )
    place = file(tmp_path, text)
    assert gate("--gate", place) == Gate(2.0, 3.0, 0.99, 1_500_000, 2.0)
    assert gate("--gate", place, "--max-degradation", "0", "--max-size", "9").max_degradation == 0.0
    assert gate("--gate", place, "--max-degradation", "0", "--max-size", "9").max_size == 9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_degredation = 1", r"gate.toml: unknown field 'max_degredation'; did you mean 'max_degradation'\?"),
        ("min_agreement = 99", "gate.toml: min_agreement: a fraction from 0 to 1 expected, 99 found"),
        ('max_size = "large"', "gate.toml: max_size: a size such as 300k or 1.5M expected, 'large' found"),
        ("max_size = 1.5", "gate.toml: max_size: a whole number expected, 1.5 found"),
        ("max_degradation =", "gate.toml: not valid TOML"),
    ],
)
def test_what_makes_no_sense_in_the_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        gate("--gate", file(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "size"),
    [("500000", 500_000), ("300k", 300_000), ("300kB", 300_000), ("1.5M", 1_500_000), ("2 G", 2 * 10**9)],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize("text", ["", "k", "-3k", "0", "0.1", "1.5T", "1e6"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a size such as 300k or 1\.5M expected"):
        size_of(text)


@pytest.mark.parametrize(
    "recipes", ["usual", "all", "float32.onnx", "full_int8,float32.tflite", "float32.onnx,int8.onnx"]
)
def test_latency_can_be_limited_where_float32_of_each_format_is_made(recipes: str) -> None:
    check_baselines(Gate(max_latency=1.5), select(recipes))


def test_a_limit_of_latency_without_float32_of_the_format_is_refused_and_says_what_to_add() -> None:
    with pytest.raises(
        UsageError, match=r"full_int8\.tflite with float32\.tflite and int8\.onnx with float32\.onnx"
    ) as told:
        check_baselines(Gate(max_latency=1.5), select("full_int8.tflite,int8.onnx"))
    assert "add float32.tflite,float32.onnx to --recipes" in str(told.value)
    with pytest.raises(UsageError, match=r"add float32\.onnx to"):
        check_baselines(Gate(max_latency=1.5), select("float32.tflite,full_int8.tflite,int8.onnx"))


def test_without_a_limit_of_latency_no_float32_is_needed() -> None:
    check_baselines(Gate(), select("full_int8.tflite,int8.onnx"))
