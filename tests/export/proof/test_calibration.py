import math

import numpy as np
import pytest

from export.proof.calibration import BINS, expected_error, reliability


def test_scores_that_are_right_as_often_as_they_say_have_no_error() -> None:
    bins = reliability(np.full(10, 0.9, np.float32), np.arange(10) < 9)
    assert expected_error(bins) == pytest.approx(0.0, abs=1e-6)


def test_the_error_is_the_mean_distance_weighed_by_pictures() -> None:
    # Three pictures at 0.5, all right: 0.5 off. One at 1.0, wrong: 1.0 off.
    bins = reliability(np.array([0.5, 0.5, 0.5, 1.0]), np.array([True, True, True, False]))
    assert expected_error(bins) == pytest.approx((3 * 0.5 + 1 * 1.0) / 4)


@pytest.mark.parametrize(
    ("score", "place"), [(0.0, 0), (1 / 15, 0), (1 / 15 + 1e-6, 1), (0.999, 14), (1.0, 14), (1.0000001, 14)]
)
def test_the_upper_end_belongs_to_a_bin(score: float, place: int) -> None:
    bins = reliability(np.array([score]), np.array([True]))
    assert [one.samples for one in bins] == [int(number == place) for number in range(BINS)]


def test_without_a_picture_there_is_no_error_to_speak_of() -> None:
    assert math.isnan(expected_error(reliability(np.empty(0), np.empty(0, np.bool_))))
