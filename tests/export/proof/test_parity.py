import math

import numpy as np
import pytest

from edge_runtime.scores import top_k
from export.proof.arrays import confusion_of
from export.proof.parity import Reference, compare

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
    assert parity.confusion == ((0, 0, 1), (1, 0, 1), (1, 1, 1), (2, 2, 1))
    assert parity.per_label == REFERENCE.per_label == (1.0, 0.5, 1.0)


def test_a_picture_without_a_number_for_a_score_is_wrong_whatever_its_label() -> None:
    scores = SCORES.copy()
    scores[0, 0] = np.nan  # argmax would call the first nan the best: label 0, the right one
    parity = compare(scores, REFERENCE, latency=0.0)
    assert parity.right == 2
    assert parity.agreement == 0.75
    assert math.isinf(parity.largest_difference)


def test_a_pair_of_labels_that_was_not_met_takes_no_room() -> None:
    assert confusion_of(np.array([0, 0, 999]), np.array([0, 0, 5]), 1000) == ((0, 0, 2), (999, 5, 1))


def test_a_label_without_pictures_has_no_accuracy() -> None:
    reference = Reference(SCORES[:2], np.array([0, 1]))
    parity = compare(SCORES[:2], reference, latency=0.0)
    assert parity.per_label == reference.per_label == (1.0, 1.0, None)
    assert parity.per_label_change == (0.0, 0.0, None)


def test_gains_and_losses_are_counted_by_label_and_make_p() -> None:
    scores = SCORES.copy()
    scores[3] = [0.2, 0.6, 0.2]  # label 1, right now
    scores[2] = [0.8, 0.1, 0.1]  # label 2, wrong now
    parity = compare(scores, REFERENCE, latency=0.0)
    assert (parity.gained, parity.lost) == ((0, 1, 0), (0, 0, 1))
    assert parity.per_label_change == (0.0, 50.0, -100.0)
    assert parity.p == 1.0


@pytest.mark.parametrize(("labels", "k"), [(2, 2), (3, 3), (5, 5), (40, 5)])
def test_top_k_is_what_the_device_names(labels: int, k: int) -> None:
    generator = np.random.default_rng(labels)
    scores = (generator.integers(0, 9, (300, labels)) / 8).astype(np.float32)  # as int8 gives them: many are equal
    true = generator.integers(0, labels, 300)
    named = [label in top_k(row, k) for label, row in zip(true, scores, strict=True)]
    reference = Reference(scores, true)
    wanted = sum(named) / len(named)
    assert (reference.k, reference.top_k) == (k, wanted)
    assert compare(scores, reference, latency=0.0).top_k == wanted


def test_a_picture_without_a_number_is_not_among_the_best_and_not_in_the_calibration() -> None:
    scores = SCORES.copy()
    scores[0, 0] = np.nan
    parity = compare(scores, REFERENCE, latency=0.0)
    assert parity.right_k == 3
    assert sum(one.samples for one in parity.reliability) == 3
    assert parity.lost == (1, 0, 0)


def test_figures_do_not_depend_on_how_many_are_compared_at_once() -> None:
    generator = np.random.default_rng(0)
    scores, others = generator.random((2, 2500, 7), np.float32)
    reference = Reference(others, generator.integers(0, 7, 2500))
    parity = compare(scores, reference, latency=0.0)
    difference = np.abs(scores - others)
    assert parity.largest_difference == difference.max()
    assert parity.mean_difference == pytest.approx(difference.mean())
