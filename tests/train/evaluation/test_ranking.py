import numpy as np
import pytest

from train.evaluation.ranking import POINTS, macro, precision_recall, rankings, roc

TRUE = np.array([0, 0, 1, 1])
# Label 1's scores: .1, .4, .35, .8; scikit-learn's own example, whose AUC is .75 and whose AP is .83.
SCORES = np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8]], np.float32)


def test_areas_of_a_published_example() -> None:
    found = rankings(TRUE, SCORES)[1]
    assert found.auc == pytest.approx(0.75)
    assert found.average_precision == pytest.approx(0.8333, abs=1e-4)


def test_a_label_without_pictures_has_no_area_and_no_part_in_the_mean() -> None:
    found = rankings(np.array([0, 0]), np.array([[0.9, 0.1], [0.8, 0.2]], np.float32))
    assert [one.auc for one in found] == [None, None]
    assert macro(found) == (None, None)
    mixed = rankings(np.array([0, 1]), np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]], np.float32))
    assert macro(mixed) == (1.0, 1.0)


def test_a_thinned_curve_keeps_its_ends_and_its_area() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 2, 20_000)
    score = (true * 0.5 + rng.normal(size=20_000)).astype(np.float32)
    scores = np.stack([-score, score], axis=1)
    curve = roc(true, scores, 1)
    assert len(curve.x) <= POINTS + 2
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0.0, 0.0, 1.0, 1.0)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(rankings(true, scores)[1].auc, abs=2e-3)
    assert set(precision_recall(true, scores, 1).x) >= {0.0, 1.0}
