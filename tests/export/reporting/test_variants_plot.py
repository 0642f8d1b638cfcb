import pytest

from export.reporting.variants_plot import floor


def test_what_must_be_told_apart_keeps_a_fifth_of_the_plot() -> None:
    lowest = floor([92.0, 93.0])
    assert lowest == 88.0
    assert (93.0 - 92.0) / (93.0 - lowest) == 0.2


def test_equal_accuracies_still_have_a_plot() -> None:
    assert floor([90.0, 90.0]) == pytest.approx(89.6)
