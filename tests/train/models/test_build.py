import typing
from pathlib import Path

import numpy as np
import pytest

from train.backend import keras
from train.config import ModelName, TrainConfig
from train.models import build_model

# TensorFlow 2.21 does not know numpy 2's `copy` argument yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def coloured(count: int, size: tuple[int, int]) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    return np.random.default_rng(0).integers(0, 256, (count, *size, 3)).astype(np.float32)


@pytest.mark.parametrize("name", typing.get_args(ModelName))
@pytest.mark.parametrize("size", [(28, 28), (96, 96), (5, 40), (1, 1)])
def test_raw_pixels_go_in_and_scores_that_sum_to_one_come_out(name: ModelName, size: tuple[int, int]) -> None:
    model = build_model(TrainConfig(model=name), size, labels=3, grey=False, steps=10)
    assert model.input.name == "pixels"
    assert model.input_shape == (None, *size, 3)
    scores = np.asarray(model(coloured(4, size)))
    assert scores.shape == (4, 3)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-6)


def test_a_saved_model_loads_without_this_code_and_scores_the_same(tmp_path: Path) -> None:
    model = build_model(TrainConfig(flip=True), (28, 28), labels=10, grey=True, steps=10)
    model.save(tmp_path / "x.keras")
    loaded = keras.models.load_model(tmp_path / "x.keras", compile=False)
    pixels = coloured(4, (28, 28))
    assert np.array_equal(np.asarray(model(pixels)), np.asarray(loaded(pixels)))
    assert loaded.layers[-1].name == "scores"
    # SavedModel export refuses such names (measured.md, pitfall 9).
    assert not [layer.name for layer in loaded.layers if layer.name.startswith("_")]


def test_resnet8_is_three_residual_stacks_with_under_100_thousand_parameters() -> None:
    model = build_model(TrainConfig(model="resnet8"), (32, 32), labels=10, grey=False, steps=10)
    assert model.count_params() < 100_000
    assert len([layer for layer in model.layers if isinstance(layer, keras.layers.Add)]) == 3


def test_a_grey_model_sees_brightness_alone() -> None:
    # ITU-R BT.601 weights: these two colours have the same brightness, 0.299 * 100 = 0.587 * 50.937.
    red, green = np.zeros((1, 28, 28, 3), np.float32), np.zeros((1, 28, 28, 3), np.float32)
    red[..., 0], green[..., 1] = 100, 100 * 0.2989 / 0.587
    grey = build_model(TrainConfig(), (28, 28), labels=10, grey=True, steps=10)
    assert np.asarray(grey(red)) == pytest.approx(np.asarray(grey(green)), abs=1e-6)
    keras.utils.set_random_seed(0)
    colour = build_model(TrainConfig(), (28, 28), labels=10, grey=False, steps=10)
    assert np.abs(np.asarray(colour(red)) - np.asarray(colour(green))).max() > 1e-4


def test_nothing_random_is_left_for_an_exporter_that_forgets_to_say_it_is_not_training() -> None:
    pixels = coloured(64, (28, 28))
    model = build_model(TrainConfig(flip=True), (28, 28), labels=10, grey=True, steps=10)
    assert np.array_equal(np.asarray(model(pixels)), np.asarray(model(pixels, training=False)))


def test_larger_pictures_get_more_halvings_and_the_last_map_is_3_to_5_pixels() -> None:
    for side in (28, 64, 96, 160, 224):
        model = build_model(TrainConfig(), (side, side), labels=2, grey=False, steps=10)
        last = next(layer for layer in model.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D))
        assert 3 <= last.input.shape[1] <= 5
