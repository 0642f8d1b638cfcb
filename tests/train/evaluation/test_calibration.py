import numpy as np
import pytest

from edge_runtime.stages.temperature import heated
from tests.edge_runtime.stages.test_temperature import drawn
from train.evaluation.calibration import calibrate, reliability


def test_the_temperature_makes_scores_honest_on_another_split_and_changes_no_label() -> None:
    test = drawn(3, 6000, 2.0)
    found = calibrate(drawn(2, 6000, 2.0), test)
    assert found.temperature is not None
    assert found.after is not None
    assert found.before.ece > 0.08
    assert found.after.ece < 0.02
    assert found.after.loss < found.before.loss
    assert (heated(test[1], found.temperature).argmax(axis=1) == test[1].argmax(axis=1)).all()


def test_the_error_of_a_case_small_enough_for_paper() -> None:
    scores = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]], np.float32)
    found = reliability(np.array([0, 0, 0, 1]), scores)
    # Two pictures at .9, both right: .1 away. Two at .6, half of them right: .1 away.
    assert found.ece == pytest.approx(0.1)
    assert found.confidence == pytest.approx(0.75)
    assert sum(one.pictures for one in found.bins) == 4
