import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.stages.temperature import COLDEST, FEWEST, HOTTEST, fit_temperature, heated

LABELS = 4


def drawn(seed: int, count: int, temperature: float) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Labels drawn by honest scores, and those scores made too sure (or too timid) by a temperature."""
    rng = np.random.default_rng(seed)
    honest = rng.dirichlet(np.full(LABELS, 0.4), count)
    labels = np.array([rng.choice(LABELS, p=row) for row in honest])
    return labels, heated(honest.astype(np.float32), 1 / temperature)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_temperature_that_spoiled_the_scores_is_found(temperature: float) -> None:
    assert fit_temperature(*drawn(0, 6000, temperature)) == pytest.approx(temperature, rel=0.05)


def test_it_is_the_one_that_scikit_learn_finds() -> None:
    from sklearn.calibration import _TemperatureScaling

    labels, scores = drawn(1, 2000, 1.7)
    theirs = _TemperatureScaling().fit(np.log(np.maximum(scores, np.finfo(np.float32).tiny)), labels)
    assert fit_temperature(labels, scores) == pytest.approx(1 / float(theirs.beta_), rel=1e-3)


def test_too_few_pictures_or_no_wrong_answer_give_no_temperature() -> None:
    labels, scores = drawn(4, FEWEST - 1, 2.0)
    assert fit_temperature(labels, scores) is None
    right = np.tile(np.array([[0.7, 0.1, 0.1, 0.1]], np.float32), (200, 1))
    assert fit_temperature(np.zeros(200, np.int64), right) is None


def test_a_split_that_lacks_a_label_is_no_obstacle() -> None:
    labels, scores = drawn(5, 4000, 2.0)
    kept = labels != 3
    assert fit_temperature(labels[kept], scores[kept]) is not None


def test_scores_that_say_nothing_about_the_labels_end_at_the_hottest() -> None:
    rng = np.random.default_rng(6)
    scores = heated(rng.dirichlet(np.full(LABELS, 0.4), 1000).astype(np.float32), 0.1)
    assert fit_temperature(rng.integers(0, LABELS, 1000), scores) == pytest.approx(HOTTEST, rel=0.01)


def test_scores_far_too_timid_end_at_the_coldest() -> None:
    labels, scores = drawn(7, 2000, 1.0)
    labels = scores.argmax(axis=1)
    labels[0] = (labels[0] + 1) % LABELS  # one wrong answer
    assert fit_temperature(labels, heated(scores, 1000.0)) == pytest.approx(COLDEST, rel=0.01)


def test_scores_of_nothing_and_all_survive_a_temperature() -> None:
    found = heated(np.array([[1.0, 0.0, 0.0]], np.float32), 2.0)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1.0)
