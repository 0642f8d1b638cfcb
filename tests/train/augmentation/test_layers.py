import dataclasses

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


@pytest.mark.parametrize("settings", [Augmentation(mixup=0.4), Augmentation(cutmix=1.0)])
def test_mixing_gives_each_picture_shares_of_labels_that_sum_to_one(settings: Augmentation) -> None:
    layer = mixing_layer(settings)
    assert layer is not None
    draw(layer, np.random.default_rng(3))
    given = layer({"images": PIXELS, "labels": np.eye(6, dtype=np.float32)}, training=True)
    shares = np.asarray(keras.ops.convert_to_numpy(given["labels"]))
    assert np.allclose(shares.sum(axis=1), 1)
    assert not np.array_equal(shares, np.eye(6))
