import math
from dataclasses import astuple

import numpy as np
import pytest

from train.metrics import LabelMetrics, measure, wilson


def test_wilson_agrees_with_a_published_example() -> None:
    # Newcombe 1998, table I (doi:10.1002/(SICI)1097-0258(19980430)17:8<857), method 3: 81 of 263 gives .2553 to .3662.
    low, high = wilson(81, 263)
    assert low == pytest.approx(0.2553, abs=5e-5)
    assert high == pytest.approx(0.3662, abs=5e-5)


def test_wilson_stays_between_0_and_1() -> None:
    assert wilson(0, 20)[0] == 0.0
    assert wilson(0, 20)[1] == pytest.approx(0.1611, abs=5e-5)  # the same table: 0 of 20
    assert wilson(20, 20)[1] == 1.0


def test_metrics_of_a_case_small_enough_for_paper() -> None:
    true = np.array([0, 0, 0, 1, 1, 2])
    scores = np.array(
        [[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]],
        np.float32,
    )
    found = measure(true, scores, ("a", "b", "c"))
    assert found.pictures == 6
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.confusion == ((2, 1, 0), (0, 2, 0), (1, 0, 0))
    assert astuple(found.labels["a"]) == pytest.approx((2 / 3, 2 / 3, 2 / 3, 3))
    assert astuple(found.labels["b"]) == pytest.approx((2 / 3, 1.0, 0.8, 2))
    assert found.labels["c"] == LabelMetrics(0.0, 0.0, 0.0, 1), "never predicted: zero, not an error"
    assert found.loss == pytest.approx(-(4 * math.log(0.8) + 2 * math.log(0.1)) / 6, rel=1e-6)


def test_a_label_without_test_pictures_is_still_in_the_report() -> None:
    scores = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05]], np.float32)
    found = measure(np.array([0, 1]), scores, ("a", "b", "c"))
    assert found.labels["c"].support == 0
    assert found.confusion[2] == (0, 0, 0)
