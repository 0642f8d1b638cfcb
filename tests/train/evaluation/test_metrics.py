import math
from dataclasses import astuple

import numpy as np
import pytest

from train.evaluation.metrics import losses, measure, wilson


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
    # precision, recall, specificity, F1, intersection over union
    assert astuple(found.labels["a"])[:5] == pytest.approx((2 / 3, 2 / 3, 2 / 3, 2 / 3, 2 / 4))
    assert astuple(found.labels["b"])[:5] == pytest.approx((2 / 3, 1.0, 3 / 4, 0.8, 2 / 3))
    assert astuple(found.labels["c"])[:5] == (0.0, 0.0, 1.0, 0.0, 0.0), "never predicted: zero, not an error"
    assert [one.support for one in found.labels.values()] == [3, 2, 1]
    # c's score is 0.1 for every picture: no ranking at all.
    assert (found.labels["c"].auc, found.labels["c"].average_precision) == pytest.approx((0.5, 1 / 6))
    assert found.macro.recall == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found.top == {"2": pytest.approx(found.top["2"])}, "a list as long as the labels asks nothing"
    overlap = found.overlap
    assert overlap.pixel_accuracy == pytest.approx(4 / 6)
    assert overlap.mean_accuracy == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert overlap.mean_iou == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert overlap.frequency_weighted_iou == pytest.approx((3 * 1 / 2 + 2 * 2 / 3 + 0) / 6)
    assert found.loss == pytest.approx(-(4 * math.log(0.8) + 2 * math.log(0.1)) / 6, rel=1e-6)


def test_a_label_without_test_pictures_is_still_in_the_report() -> None:
    scores = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05]], np.float32)
    found = measure(np.array([0, 1]), scores, ("a", "b", "c"))
    assert found.labels["c"].support == 0
    assert found.confusion[2] == (0, 0, 0)
    assert found.labels["c"].auc is None
    assert found.macro.recall == 1.0, "a mean over the labels that are there"
    assert found.overlap.mean_iou == 1.0


def test_a_score_of_nothing_costs_much_and_not_without_end() -> None:
    assert losses(np.array([0]), np.array([[0.0, 1.0]], np.float32)).tolist() == pytest.approx([87.34], abs=0.01)


def test_two_labels_are_no_special_case() -> None:
    found = measure(np.array([0, 1, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.8, 0.2]], np.float32), ("a", "b"))
    assert found.top == {}
    assert found.labels["a"].auc == found.labels["b"].auc == 1.0
