import numpy as np
import pytest

from edge_runtime.stages.threshold import FEWEST, KEPT
from export.proof.parity import Reference
from export.proof.threshold import choose


def reference(best: list[float], right: list[bool]) -> Reference:
    """Two labels; the first is always the best one."""
    scores = np.array([[score, 1 - score] for score in best], np.float32)
    return Reference(scores, np.array([0 if good else 1 for good in right], np.int64))


def test_ninety_nine_of_a_hundred_right_ones_stay_and_weak_wrong_ones_go() -> None:
    right = [0.6 + 0.399 * n / 999 for n in range(1000)]
    found = choose(reference([*right, *[0.55] * 30, *[0.99] * 10], [True] * 1000 + [False] * 40))
    assert found.kept >= KEPT
    assert found.score == pytest.approx(0.604, abs=0.002)
    assert found.caught == 0.75
    # A little more would push out what was to stay.
    assert np.mean(np.array(right) >= found.score + 0.002) < KEPT


def test_with_too_few_pictures_nothing_is_unknown() -> None:
    found = choose(reference([0.9] * (FEWEST - 1), [True] * (FEWEST - 1)))
    assert (found.score, found.kept, found.caught) == (0.0, 1.0, 0.0)


def test_a_model_without_mistakes_has_nothing_to_catch() -> None:
    found = choose(reference([0.9] * 200, [True] * 200))
    assert (found.kept, found.caught) == (1.0, 0.0)
