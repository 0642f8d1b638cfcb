import pytest

from edge_runtime.classifier import PREFERENCE
from edge_runtime.errors import UsageError
from export.conversion.recipes import RECIPES, select


def test_all_stands_for_every_recipe() -> None:
    assert select("all") == RECIPES


def test_usual_leaves_out_what_is_slow_on_a_cpu_and_more_can_be_added() -> None:
    left = {recipe.name for recipe in RECIPES} - {recipe.name for recipe in select("usual")}
    assert left == {"int16x8.tflite", "weight_int4.tflite", "dynamic_int8.onnx"}
    assert set(select("usual, int16x8, weight_int4, dynamic_int8.onnx")) == set(RECIPES)


def test_names_are_taken_once_and_in_the_order_given() -> None:
    chosen = select("int8.onnx, float32.tflite,int8.onnx")
    assert [recipe.name for recipe in chosen] == ["int8.onnx", "float32.tflite"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("float32.tflite,ful_int8.tflite", r"'ful_int8.tflite'; did you mean 'full_int8.tflite'"),
        ("al", "did you mean 'all'"),
        ("", "known: all, usual, float32.tflite"),
        ("mixed_int8.tflite", "makes itself where full_int8.tflite loses too much; ask for that"),
        ("mixed_int8", "makes itself where full_int8.tflite or int8.onnx loses too much; ask for one of them"),
        ("float32", "'float32' could be float32.tflite or float32.onnx; say which"),
    ],
)
def test_an_unknown_or_unclear_recipe_is_refused_with_what_to_type(typed: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        select(typed)


def test_the_format_follows_from_the_name() -> None:
    assert {recipe.name: recipe.format for recipe in RECIPES}["int8.onnx"] == "onnx"
    assert {recipe.name: recipe.format for recipe in RECIPES}["full_int8.tflite"] == "tflite"


def test_bits_say_which_file_is_smaller() -> None:
    bits = {recipe.name: recipe.bits for recipe in RECIPES}
    assert [bits[f"{name}.tflite"] for name in ("float32", "float16", "int16x8", "full_int8", "weight_int4")] == [
        *(32, 16, 8, 8, 4)
    ]
    assert bits["int8.onnx"] == 8


def test_the_stem_is_enough_where_only_one_recipe_has_it() -> None:
    assert [recipe.name for recipe in select("full_int8,int8")] == ["full_int8.tflite", "int8.onnx"]


def test_a_device_knows_where_each_variant_stands() -> None:
    assert {recipe.name for recipe in RECIPES} == set(PREFERENCE)
