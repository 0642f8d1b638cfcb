import numpy as np
import pytest

from edge_runtime.stages.prepared import Prepared
from export.conversion.representative import choose, chosen, full_range, representative


def test_each_label_is_drawn_as_often_as_any_other() -> None:
    labels = np.array([0] * 500 + [1] * 40 + [2] * 100)
    chosen = labels[list(choose(labels, 90, seed=0))]
    assert np.bincount(chosen).tolist() == [30, 30, 30]


def test_a_rare_label_gives_all_it_has_and_others_fill_up() -> None:
    labels = np.array([0] * 500 + [1] * 5)
    chosen = labels[list(choose(labels, 60, seed=0))]
    assert np.bincount(chosen).tolist() == [55, 5]


def test_no_picture_is_drawn_twice_and_more_than_there_are_gives_all() -> None:
    labels = np.arange(30) % 3
    assert choose(labels, 100, seed=1) == tuple(range(30))


def test_the_seed_decides_which() -> None:
    labels = np.arange(1000) % 10
    assert choose(labels, 50, seed=3) == choose(labels, 50, seed=3)
    assert choose(labels, 50, seed=3) != choose(labels, 50, seed=4)


def test_the_pictures_are_those_of_the_training_split(prepared: Prepared) -> None:
    calibration, pixels = chosen(prepared, 50, seed=0), representative(prepared, 50, seed=0)
    assert calibration.split == "train"
    assert np.array_equal(pixels, prepared.split("train").pixels[list(calibration.indices)])


@pytest.mark.parametrize("values", [(10, 200), (0, 200), (10, 255)])
def test_a_range_that_is_not_full_is_completed_in_one_corner(values: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(*values, size=(4, 8, 8, 3), dtype=np.uint8, endpoint=True)
    before = pixels.copy()
    completed = full_range(pixels)
    assert (completed.min(), completed.max()) == (0, 255)
    assert (completed != before).sum() <= 2
    assert np.array_equal(pixels, before), "the pictures that were given must not change"
