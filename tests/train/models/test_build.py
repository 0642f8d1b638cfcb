import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.errors import UsageError
from train.backend import keras
from train.config import TrainConfig
from train.models.build import build_model
from train.models.registry import NETWORKS, RANDOM

# TensorFlow 2.21 does not know numpy 2's `copy` argument yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def coloured(count: int, size: tuple[int, int]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    return np.random.default_rng(0).integers(0, 256, (count, *size, 3)).astype(np.float32)


def untrained(name: str, size: tuple[int, int], labels: int = 3, grey: bool = False, width: int = 0) -> Any:
    weights = RANDOM if NETWORKS[name].backbone else ""
    return build_model(TrainConfig(model=name, weights=weights, width=width), size, labels, grey)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(28, 28), (96, 96), (5, 40), (1, 1)])
def test_raw_pixels_go_in_and_scores_that_sum_to_one_come_out(name: str, size: tuple[int, int]) -> None:
    size = (max(size[0], NETWORKS[name].smallest), max(size[1], NETWORKS[name].smallest))
    model = untrained(name, size)
    assert model.input.name == "pixels"
    assert model.input_shape == (None, *size, 3)
    scores = np.asarray(model(coloured(4, size)))
    assert scores.shape == (4, 3)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_grey_dataset_is_seen_in_brightness_alone(name: str) -> None:
    pixels = coloured(2, (32, 32))
    brightness = pixels @ np.array([0.2989, 0.587, 0.114], np.float32)
    model = untrained(name, (32, 32), grey=True)
    same = np.asarray(model(np.repeat(brightness[..., np.newaxis], 3, axis=3)))
    assert np.asarray(model(pixels)) == pytest.approx(same, abs=1e-3)  # the weights sum to 0.9999


@pytest.mark.parametrize("name", [name for name, network in NETWORKS.items() if network.backbone])
def test_a_backbone_refuses_pictures_that_are_too_small_with_what_to_do(name: str) -> None:
    said = f"{name} needs pictures of 32 x 32 pixels or more, the dataset has 28 x 28; prepare it with --size 32 or"
    with pytest.raises(UsageError, match=re.escape(said)):
        untrained(name, (28, 28))


@pytest.mark.parametrize("name", [name for name, network in NETWORKS.items() if network.width])
def test_a_width_of_its_own_is_the_default_and_twice_as_wide_is_larger(name: str) -> None:
    own = untrained(name, (28, 28)).count_params()
    assert untrained(name, (28, 28), width=NETWORKS[name].width).count_params() == own
    assert untrained(name, (28, 28), width=2 * NETWORKS[name].width).count_params() > 1.9 * own


def test_an_lstm_reads_a_high_picture_in_at_most_48_rows() -> None:
    (lstm,) = (layer for layer in untrained("lstm", (224, 224)).layers if isinstance(layer, keras.layers.LSTM))
    assert 24 <= lstm.input.shape[1] <= 48


def test_a_saved_model_loads_without_this_code_and_scores_the_same(tmp_path: Path) -> None:
    model = build_model(TrainConfig(flip=True), (28, 28), labels=10, grey=True)
    model.save(tmp_path / "x.keras")
    loaded = keras.models.load_model(tmp_path / "x.keras", compile=False)
    pixels = coloured(4, (28, 28))
    assert np.array_equal(np.asarray(model(pixels)), np.asarray(loaded(pixels)))
    assert loaded.layers[-1].name == "scores"
    # SavedModel export refuses such names (measured.md, pitfall 9).
    assert not [layer.name for layer in loaded.layers if layer.name.startswith("_")]


def test_resnet8_is_three_residual_stacks_with_under_100_thousand_parameters() -> None:
    model = build_model(TrainConfig(model="resnet8"), (32, 32), labels=10, grey=False)
    assert model.count_params() < 100_000
    assert len([layer for layer in model.layers if isinstance(layer, keras.layers.Add)]) == 3


def test_a_grey_model_sees_brightness_alone() -> None:
    # ITU-R BT.601 weights: these two colours have the same brightness, 0.299 * 100 = 0.587 * 50.937.
    red, green = np.zeros((1, 28, 28, 3), np.float32), np.zeros((1, 28, 28, 3), np.float32)
    red[..., 0], green[..., 1] = 100, 100 * 0.2989 / 0.587
    grey = build_model(TrainConfig(), (28, 28), labels=10, grey=True)
    assert np.asarray(grey(red)) == pytest.approx(np.asarray(grey(green)), abs=1e-6)
    keras.utils.set_random_seed(0)
    colour = build_model(TrainConfig(), (28, 28), labels=10, grey=False)
    assert np.abs(np.asarray(colour(red)) - np.asarray(colour(green))).max() > 1e-4


def test_nothing_random_is_left_for_an_exporter_that_forgets_to_say_it_is_not_training() -> None:
    pixels = coloured(64, (28, 28))
    model = build_model(TrainConfig(flip=True), (28, 28), labels=10, grey=True)
    assert np.array_equal(np.asarray(model(pixels)), np.asarray(model(pixels, training=False)))


def test_larger_pictures_get_more_halvings_and_the_last_map_is_3_to_5_pixels() -> None:
    for side in (28, 64, 96, 160, 224):
        model = build_model(TrainConfig(), (side, side), labels=2, grey=False)
        last = next(layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D))
        assert 3 <= last.input.shape[1] <= 5
