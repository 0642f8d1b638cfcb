import math

import numpy as np
import pytest

from export.proof.parity import Reference, compare, confusion_of

SCORES = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.5, 0.3, 0.2]], np.float32)
REFERENCE = Reference(SCORES, np.array([0, 1, 2, 1]))


def test_the_reference_counts_what_it_labels_rightly() -> None:
    assert (REFERENCE.right, REFERENCE.top1) == (3, 0.75)


def test_equal_scores_have_no_difference() -> None:
    parity = compare(SCORES, REFERENCE, latency=0.5)
    assert (parity.right, parity.agreement, parity.largest_difference, parity.latency) == (3, 1.0, 0.0, 0.5)


def test_differences_are_counted_by_picture_and_by_score() -> None:
    scores = SCORES.copy()
    scores[3] = [0.2, 0.6, 0.2]  # right now, where the reference was wrong
    parity = compare(scores, REFERENCE, latency=0.0)
    assert parity.top1 == 1.0
    assert parity.agreement == 0.75
    assert parity.largest_difference == pytest.approx(0.3)
    assert parity.mean_difference == pytest.approx(0.6 / 12)


def test_rows_of_the_confusion_are_true_labels_and_columns_predicted_ones() -> None:
    parity = compare(SCORES, REFERENCE, latency=0.0)
    assert parity.confusion == ((1, 0, 0), (1, 1, 0), (0, 0, 1))
    assert parity.per_label == (1.0, 0.5, 1.0)


def test_a_picture_without_a_number_for_a_score_is_wrong_whatever_its_label() -> None:
    scores = SCORES.copy()
    scores[0, 0] = np.nan  # argmax would call the first nan the best: label 0, the right one
    parity = compare(scores, REFERENCE, latency=0.0)
    assert parity.right == 2
    assert parity.agreement == 0.75
    assert math.isinf(parity.largest_difference)


def test_a_label_that_nobody_predicts_keeps_its_row_and_column() -> None:
    assert confusion_of(np.array([0, 0]), np.array([0, 0]), 3).shape == (3, 3)
