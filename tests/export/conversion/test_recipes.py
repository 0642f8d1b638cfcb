import pytest

from edge_runtime.errors import UsageError
from export.conversion.recipes import RECIPES, select


def test_all_stands_for_every_recipe() -> None:
    assert select("all") == RECIPES


def test_names_are_taken_once_and_in_the_order_given() -> None:
    chosen = select("int8.onnx, float32.tflite,int8.onnx")
    assert [recipe.name for recipe in chosen] == ["int8.onnx", "float32.tflite"]


def test_an_unknown_recipe_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"'ful_int8.tflite'; did you mean 'full_int8.tflite'"):
        select("float32.tflite,ful_int8.tflite")


def test_the_format_follows_from_the_name() -> None:
    assert {recipe.name: recipe.format for recipe in RECIPES}["int8.onnx"] == "onnx"
    assert {recipe.name: recipe.format for recipe in RECIPES}["full_int8.tflite"] == "tflite"


def test_the_stem_is_enough_where_only_one_recipe_has_it() -> None:
    assert [recipe.name for recipe in select("full_int8,int8")] == ["full_int8.tflite", "int8.onnx"]
    with pytest.raises(UsageError, match="float32"):
        select("float32")
