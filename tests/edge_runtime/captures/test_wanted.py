import math

import pytest

from edge_runtime.captures.wanted import USUAL, Wanted, why
from edge_runtime.errors import FieldError
from edge_runtime.result import Prediction
from tests.edge_runtime.samples import IDENTITY

NEVER = 0.999  # a random number by which nothing is kept


def prediction(*scores: float, threshold: float = 0.0) -> Prediction:
    best = tuple(zip(("cat", "dog", "bird"), scores, strict=False))
    return Prediction("camera:", None, 0, 0.0, best, IDENTITY, 0.0, 0.0, threshold)


def test_what_the_model_is_sure_of_is_not_kept() -> None:
    assert why(prediction(0.9, 0.1), USUAL, None, NEVER) is None
    assert why(prediction(0.9, 0.1), USUAL, "cat", NEVER) is None


def test_two_labels_close_together_are_uncertain() -> None:
    assert why(prediction(0.45, 0.40), USUAL, None, NEVER) == ("uncertain", "0.050 between the best two scores")
    assert why(prediction(0.45, 0.40), Wanted(margin=0.04), None, NEVER) is None


def test_a_score_that_does_not_count_is_uncertain_however_far_the_next_is() -> None:
    reason = why(prediction(0.4, 0.01, threshold=0.5), Wanted(margin=0), None, NEVER)
    assert reason == ("uncertain", "score 0.400 below the threshold 0.5")


def test_where_one_label_is_named_the_next_may_have_all_that_is_left() -> None:
    assert why(prediction(0.55), USUAL, None, NEVER) is not None
    assert why(prediction(0.65), USUAL, None, NEVER) is None


def test_a_label_other_than_the_event_says_is_disagreeing() -> None:
    assert why(prediction(0.9, 0.1), USUAL, "dog", NEVER) == ("disagreeing", "the source shows 'dog'")
    assert why(prediction(0.9, 0.1), Wanted(disagreeing=False), "dog", NEVER) is None


def test_now_and_then_chance_keeps_what_the_model_is_sure_of() -> None:
    assert why(prediction(0.9, 0.1), Wanted(random=0.01), None, 0.0099) == ("random", "by chance")
    assert why(prediction(0.9, 0.1), Wanted(random=0.01), None, 0.01) is None
    assert why(prediction(0.9, 0.1), Wanted(random=0), None, 0.0) is None


def test_scores_that_are_no_numbers_are_not_kept() -> None:
    assert why(prediction(math.nan, math.nan), Wanted(random=1), "dog", 0.0) is None


def test_a_rate_is_spread_over_the_minute() -> None:
    assert Wanted(rate=6).pause == 10
    assert Wanted(rate=0).pause == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"margin": 1.5}, "margin: a number from 0 to 1 expected, 1.5 found"),
        ({"random": -0.1}, "random: a number from 0 to 1 expected, -0.1 found"),
        ({"rate": math.inf}, "rate: frames a minute from 0 expected, inf found"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(FieldError) as refused:
        Wanted(**values)  # type: ignore[arg-type]  # the fields that are numbers
    assert str(refused.value) == message
