from typing import Any

import numpy as np
import pytest

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from export.conversion.graph import DeployedGraph
from export.conversion.recipes import RECIPES
from export.trial import convert, scores_of
from train.backend import keras
from train.config import TrainConfig
from train.models.build import build_model
from train.models.cost import cost
from train.models.registry import NETWORKS, RANDOM

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
LABELS = tuple("abcdefghij")


def untrained(name: str, side: int, grey: bool = False) -> Any:
    keras.utils.set_random_seed(0)
    weights = RANDOM if NETWORKS[name].backbone else ""
    return build_model(TrainConfig(model=name, weights=weights), (side, side), len(LABELS), grey)


def test_multiply_accumulates_are_counted_as_by_hand() -> None:
    layers = keras.layers
    pixels = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same")(pixels)  # 8 * 8 * 4 * 27
    x = layers.DepthwiseConv2D(3, 2, padding="same", use_bias=False)(x)  # 4 * 4 * 4 * 9
    x = layers.SeparableConv2D(8, 3, padding="same")(x)  # 4 * 4 * (4 * 9 + 4 * 8)
    x = layers.BatchNormalization()(x)  # part of the convolution
    x = layers.Conv2D(8, 1, groups=2)(x)  # 4 * 4 * 8 * 4
    x = layers.LSTM(5)(layers.Reshape((4, 32))(x))  # 4 * 4 * 5 * (32 + 5)
    x = layers.Dense(10)(x)  # 5 * 10
    found = cost(keras.Model(pixels, x))
    assert found.macs == 6912 + 576 + 1088 + 512 + 2960 + 50
    assert found.parameters == keras.Model(pixels, x).count_params()
    assert found.uncounted == ()


def test_a_model_in_a_model_is_counted_and_what_is_not_known_is_named() -> None:
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    pixels = keras.Input((6, 4))
    x = keras.layers.MultiHeadAttention(1, 2)(pixels, pixels)
    found = cost(keras.Model(pixels, inner(keras.layers.GlobalAveragePooling1D()(x))))
    assert found.macs == 12
    assert str(found).endswith("(without MultiHeadAttention)")


@pytest.mark.parametrize(
    ("name", "side", "published"),
    [("mobilenet_v2", 224, 300e6), ("mobilenet_v3_small", 224, 56e6), ("resnet8", 32, 12.5e6)],
)
def test_published_figures_are_met(name: str, side: int, published: float) -> None:
    """Sandler et al. 2018, Howard et al. 2019 and Banbury et al. 2021, of 1,000, 1,000 and 10 labels."""
    assert cost(untrained(name, side)).macs == pytest.approx(published, rel=0.05)


@pytest.mark.parametrize(
    ("name", "side"), [("mlp", 28), ("lstm", 28), ("ds_cnn", 28), ("resnet8", 28), ("mobilenet_v2", 32)]
)
def test_it_converts_to_full_int8_of_about_the_size_that_was_said_and_judges_alike(name: str, side: int) -> None:
    model = untrained(name, side, grey=side == 28)
    spec = ModelSpec(LABELS, PreprocessingSpec((side, side)))
    pixels = np.random.default_rng(0).integers(0, 256, (16, side, side, 3), dtype=np.uint8)
    pixels[0, 0, 0, :2] = (0, 255)
    (recipe,) = (recipe for recipe in RECIPES if recipe.name == "full_int8.tflite")
    graph = DeployedGraph(model, spec)
    trial = convert(recipe, graph, pixels, "lamp", "1.0")
    assert trial.refusal is None, trial.refusal  # Flex operators are refused by the converter
    assert b"Flex" not in trial.content
    # Biases of untrained networks are all zero, and equal vectors are kept once: real ones take a little more.
    assert len(trial.content) == pytest.approx(cost(model).int8_bytes, rel=0.2)
    assert scores_of(trial.content, recipe, spec, pixels) == pytest.approx(graph.scores(pixels), abs=0.05)
