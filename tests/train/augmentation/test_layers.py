import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from train.augmentation.layers import draw, mixing_layer, picture_layers
from train.augmentation.settings import Augmentation, changes
from train.backend import keras

ALL = Augmentation(
    rotation=20,
    translation=0.1,
    zoom=0.1,
    shear=0.1,
    brightness=0.1,
    contrast=0.2,
    channel_shift=0.1,
    erasing=0.5,
    randaugment=2,
)
ALONE = list(changes(ALL))
MIDDLE = 10
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 12, 10, 3)).astype(np.float32)


def changed(settings: Augmentation, seed: int = 0) -> NDArray[np.float32]:
    pixels = PIXELS
    for layer in picture_layers(settings):
        draw(layer, np.random.default_rng(seed))
        pixels = layer(pixels, training=True)
    return np.asarray(keras.ops.convert_to_numpy(pixels))


def test_nothing_is_changed_by_default() -> None:
    assert picture_layers(Augmentation()) == []
    assert mixing_layer(Augmentation()) is None


@pytest.mark.parametrize("name", ALONE)
def test_each_changes_pictures_within_the_range_and_keeps_their_shape(name: str) -> None:
    given = changed(dataclasses.replace(Augmentation(), **{name: getattr(ALL, name)}))
    assert given.shape == PIXELS.shape
    assert given.dtype == np.float32
    assert 0 <= given.min() <= given.max() <= 255.01
    assert not np.array_equal(given, PIXELS)


@pytest.mark.parametrize("name", ALONE)
def test_the_same_numbers_change_pictures_alike_and_others_do_not(name: str) -> None:
    settings = dataclasses.replace(Augmentation(), **{name: getattr(ALL, name)})
    assert np.array_equal(changed(settings, 1), changed(settings, 1))
    assert not np.array_equal(changed(settings, 1), changed(settings, 2))


def test_a_channel_shift_adds_one_number_to_each_channel_of_a_picture() -> None:
    grey = np.full((4, 5, 5, 3), 128, np.float32)
    (layer,) = picture_layers(Augmentation(channel_shift=0.1))
    added = np.asarray(keras.ops.convert_to_numpy(layer(grey, training=True))) - 128
    assert np.ptp(added, axis=(1, 2)).max() == 0
    assert 0 < np.abs(added).max() <= 25.5
    assert len(np.unique(added[:, 0, 0])) == 12


@pytest.fixture(scope="module")
def places() -> NDArray[np.float32]:
    """400 pictures of 21 by 21 pixels that say where they are: red ten times the column, green ten times the row."""
    rows, columns = np.mgrid[: 2 * MIDDLE + 1, : 2 * MIDDLE + 1]
    place = np.stack([10 * columns, 10 * rows, np.full_like(rows, 100)], axis=-1)
    return np.repeat(place[None].astype(np.float32), 400, axis=0)


def right_of(middle: Any, channel: int) -> Any:
    """Returns how much brighter the pixel right of the middle is, in columns or rows."""
    return (middle[:, 1, 2, channel] - middle[:, 1, 1, channel]) / 10


@pytest.mark.parametrize(
    ("settings", "measure", "low", "high"),
    [
        (Augmentation(rotation=30), lambda middle: right_of(middle, 1), -0.5, 0.5),
        (Augmentation(translation=0.2), lambda middle: middle[:, 1, 1, 0] / 10 - MIDDLE, -4.2, 4.2),
        (Augmentation(translation=0.2), lambda middle: middle[:, 1, 1, 1] / 10 - MIDDLE, -4.2, 4.2),
        (Augmentation(zoom=0.3), lambda middle: right_of(middle, 0), 0.7, 1.3),
        (Augmentation(shear=0.2), lambda middle: right_of(middle, 1), -0.2, 0.2),
        (Augmentation(brightness=0.3), lambda middle: middle[:, 1, 1, 0] - 100, -76.5, 76.5),
        (Augmentation(contrast=0.3), lambda middle: right_of(middle, 0), 0.7, 1.3),
        (Augmentation(channel_shift=0.3), lambda middle: middle[:, 1, 1, 2] - 100, -76.5, 76.5),
    ],
    ids=["rotation", "sideways", "upwards", "zoom", "shear", "brightness", "contrast", "channel_shift"],
)
def test_pictures_are_changed_either_way_as_far_as_it_is_said(
    settings: Augmentation, measure: Callable[[Any], Any], low: float, high: float, places: NDArray[np.float32]
) -> None:
    (layer,) = picture_layers(settings)
    draw(layer, np.random.default_rng(0))
    given = np.asarray(keras.ops.convert_to_numpy(layer(places, training=True)))
    found = measure(given[:, MIDDLE - 1 : MIDDLE + 2, MIDDLE - 1 : MIDDLE + 2])
    tenth = (high - low) / 10
    assert low - 0.01 < found.min() < low + tenth, "of 400 even numbers 40 are in the lowest tenth"
    assert high - tenth < found.max() < high + 0.01
    assert found.mean() == pytest.approx((low + high) / 2, abs=tenth)


def test_a_rectangle_is_erased_in_as_many_pictures_as_it_is_said(places: NDArray[np.float32]) -> None:
    (layer,) = picture_layers(Augmentation(erasing=0.6))
    draw(layer, np.random.default_rng(0))
    given = np.asarray(keras.ops.convert_to_numpy(layer(places, training=True)))
    erased = (given != places).any(axis=(1, 2, 3))
    assert erased.mean() == pytest.approx(0.6, abs=0.1)


@pytest.mark.parametrize(
    "settings", [Augmentation(mixup=0.2), Augmentation(mixup=1.0), Augmentation(cutmix=0.2), Augmentation(cutmix=1.0)]
)
def test_the_shares_of_mixed_labels_are_of_the_beta_distribution_that_alpha_names(settings: Augmentation) -> None:
    layer = mixing_layer(settings)
    assert layer is not None
    draw(layer, np.random.default_rng(0))
    batch = {"images": np.zeros((200, 4, 4, 3), np.float32), "labels": np.eye(200, dtype=np.float32)}
    given = [keras.ops.convert_to_numpy(layer(batch, training=True)["labels"]) for _ in range(10)]
    shares = np.concatenate([np.diag(labels) for labels in given])
    # The variance of Beta(a, a): 0.179 and 0.083. With another alpha from 0 to a for each batch it would be 0.210 and
    # 0.137.
    assert shares.var() == pytest.approx(1 / (4 * (2 * (settings.mixup or settings.cutmix) + 1)), rel=0.08)


@pytest.mark.parametrize("settings", [Augmentation(mixup=0.4), Augmentation(cutmix=1.0)])
def test_mixing_gives_each_picture_shares_of_labels_that_sum_to_one(settings: Augmentation) -> None:
    layer = mixing_layer(settings)
    assert layer is not None
    draw(layer, np.random.default_rng(3))
    given = layer({"images": PIXELS, "labels": np.eye(6, dtype=np.float32)}, training=True)
    shares = np.asarray(keras.ops.convert_to_numpy(given["labels"]))
    assert np.allclose(shares.sum(axis=1), 1)
    assert not np.array_equal(shares, np.eye(6))
