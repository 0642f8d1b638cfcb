import numpy as np

from edge_runtime.scores import Scores
from export.proof.disagreement import MOST, Disagreement
from export.proof.parity import Reference, compare

TRUE = np.zeros(20, np.int64)
KERAS = np.tile(np.array([0.6, 0.3, 0.1], np.float32), (20, 1))
REFERENCE = Reference(KERAS, TRUE)


def found(scores: Scores) -> tuple[Disagreement, ...]:
    return compare(scores, REFERENCE, latency=0.0).disagreements


def test_another_label_comes_before_any_difference_of_the_same_label() -> None:
    scores = KERAS.copy()
    scores[3] = [0.9, 0.1, 0.0]  # 0.3 off, the same label
    scores[7] = [0.45, 0.5, 0.05]  # 0.2 off, another one
    scores[5] = [0.3, 0.7, 0.0]  # 0.4 off, another one
    assert [one.index for one in found(scores)] == [5, 7, 3]
    best = found(scores)[0]
    assert (best.label, best.reference_label, best.variant_label) == (0, 0, 1)
    assert [round(value or 0, 3) for value in (best.reference_score, best.variant_score, best.difference)] == [
        0.6,
        0.7,
        0.4,
    ]


def test_what_would_be_shown_as_the_same_is_not_shown() -> None:
    scores = KERAS.copy()
    scores[4] = [0.604, 0.296, 0.1]
    assert found(scores) == ()


def test_at_most_eight_are_shown_and_of_equals_the_first() -> None:
    scores = np.tile(np.array([0.3, 0.6, 0.1], np.float32), (20, 1))
    assert [one.index for one in found(scores)] == list(range(MOST))


def test_a_score_that_is_not_a_number_is_shown_first_and_without_one() -> None:
    scores = KERAS.copy()
    scores[2] = [0.0, 1.0, 0.0]
    scores[9, 1] = np.nan
    first = found(scores)[0]
    assert (first.index, first.variant_label, first.variant_score, first.difference) == (9, None, None, None)
