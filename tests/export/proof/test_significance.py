import pytest

from export.proof.significance import mcnemar


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [
        (0, 0, 1.0),
        (1, 9, 2 * (1 + 10) / 2**10),  # the binomial's tail by hand
        (9, 1, 2 * (1 + 10) / 2**10),
        (0, 2, 0.5),
        (5, 5, 1.0),
        (30, 60, 0.0020602656809630745),  # scipy.stats.binomtest(30, 90).pvalue
        (500, 590, 0.006996162593425276),
    ],
)
def test_p_is_the_exact_binomials(gained: int, lost: int, p: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(p, rel=1e-12)


def test_what_no_float_can_hold_is_summed_all_the_same() -> None:
    assert mcnemar(20_000, 20_000) == 1.0
    assert mcnemar(0, 5_000) == 0.0
    assert 0 < mcnemar(19_800, 20_200) < 0.05
