import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.proof import threshold as at_export
from export.proof.parity import Reference
from train.commands.evaluate import in_words
from train.evaluation.thresholds import (
    WANTED,
    Judged,
    alike,
    auroc,
    coverage,
    for_precision,
    judged,
    precisions,
    unknown,
)

SURE = Judged(np.array([0.9, 0.8, 0.8, 0.7, 0.6], np.float32), np.array([True, True, False, True, True]))


def test_the_lowest_score_that_gives_the_precision_is_taken() -> None:
    found = for_precision(0.8, SURE, SURE)
    assert (found.score, found.test) == (0.0, found.validation)
    high = for_precision(1.0, SURE, SURE)
    assert high.score == pytest.approx(0.899)
    assert high.score is not None
    assert high.score > 0.8, "the picture at .8 that is wrong has another one beside it that is right"
    assert high.test is not None
    assert (high.test.labelled, high.test.precision) == (0.2, 1.0)


def test_where_every_validation_picture_is_right_one_threshold_is_told_for_all_precisions() -> None:
    perfect = Judged(SURE.best, np.ones(5, bool))
    (group,) = alike(precisions((), perfect, SURE))
    assert [one.wanted for one in group] == sorted(WANTED)
    assert [len(group) for group in alike([for_precision(wanted, SURE, SURE) for wanted in (0.7, 0.8, 1.0)])] == [2, 1]


def test_a_precision_that_no_score_gives_is_said_to_be_none() -> None:
    found = for_precision(0.9, Judged(np.array([0.9, 0.5], np.float32), np.array([False, True])), SURE)
    assert (found.score, found.validation, found.test) == (None, None, None)
    assert in_words(found) == "no score of the validation split gives it"


def test_a_threshold_that_no_test_picture_reaches_is_said_to_be_so() -> None:
    timid = Judged(np.array([0.85, 0.5], np.float32), np.array([True, True]))
    found = for_precision(1.0, SURE, timid)
    assert found.score is not None
    assert in_words(found) == "threshold 0.899; no test picture reaches it"
    assert in_words(for_precision(1.0, SURE, SURE)) == (
        "threshold 0.899; 0.2000 of the test pictures get a label, 1.0000 of these rightly"
    )


@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=60),
    st.sampled_from([0.5, 0.8, 0.95, 1.0]),
)
def test_validation_always_has_the_precision(pictures: list[tuple[int, bool]], wanted: float) -> None:
    best, right = zip(*pictures, strict=True)
    split = Judged((np.array(best) / 30).astype(np.float32), np.array(right))
    found = for_precision(wanted, split, split)
    if found.validation is not None:
        assert found.validation.precision is not None
        assert found.validation.precision >= wanted
    else:
        assert all((split.right[split.best >= score]).mean() < wanted for score in split.best)


def test_unknown_is_the_threshold_that_export_will_choose() -> None:
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.full(5, 0.3), 3000).astype(np.float32)
    labels = np.where(rng.random(3000) < 0.8, scores.argmax(axis=1), rng.integers(0, 5, 3000))
    theirs = at_export.choose(Reference(scores, labels))
    mine = unknown(judged(labels, scores), judged(labels, scores))
    assert mine.score == theirs.score


def test_unknown_wants_enough_right_answers() -> None:
    assert unknown(SURE, SURE).score is None


def test_auroc_of_scores_that_tell_nothing_is_one_half() -> None:
    same = np.array([0.5, 0.5], np.float32)
    assert auroc(same, same) == 0.5
    assert auroc(np.array([0.9], np.float32), np.array([0.1], np.float32)) == 1.0
    assert auroc(same, same[:0]) is None


def test_coverage_ends_with_all_pictures_and_their_accuracy() -> None:
    found = coverage(SURE)
    assert (found.x[-1], found.y[-1]) == (1.0, 0.8)
    assert found.y[0] == 1.0
