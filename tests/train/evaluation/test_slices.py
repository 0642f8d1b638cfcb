import numpy as np

from train.evaluation.slices import sliced


def test_the_worst_part_comes_first_and_is_told_apart_from_the_rest() -> None:
    right = np.array([True] * 190 + [False] * 10 + [False] * 40 + [True] * 10)
    cameras = ["day"] * 200 + ["night"] * 50
    found = sliced(right, {"camera": cameras})
    assert [(part.value, part.pictures, part.accuracy) for part in found] == [("night", 50, 0.2), ("day", 200, 0.95)]
    assert all(part.apart for part in found)


def test_chance_is_not_called_a_difference() -> None:
    found = sliced(np.array([True, True, False, True]), {"shift": ["a", "a", "b", "b"]})
    assert not any(part.apart for part in found)


def test_a_column_with_one_value_says_nothing() -> None:
    assert sliced(np.array([True, False]), {"site": ["x", "x"]}) == ()
