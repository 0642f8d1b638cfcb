import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.sources.backoff import Backoff, Restarts


@pytest.mark.parametrize(
    ("failures", "chance", "seconds"),
    [(1, 0.0, 0.25), (1, 1.0, 0.5), (2, 0.0, 0.5), (2, 1.0, 1.0), (7, 1.0, 30.0), (7, 0.0, 15.0), (100_000, 1.0, 30.0)],
)
def test_the_pause_doubles_up_to_a_cap_and_half_of_it_is_chance(failures: int, chance: float, seconds: float) -> None:
    assert Backoff().pause(failures, chance) == seconds


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_a_pause_is_never_nothing_and_never_above_the_cap(failures: int, chance: float) -> None:
    assert 0.25 <= Backoff().pause(failures, chance) <= 30


def test_a_connection_that_lasted_begins_anew() -> None:
    restarts = Restarts(Backoff())
    assert [restarts.failed(at, 0, 1.0) for at in range(4)] == [0.5, 1, 2, 4]
    assert restarts.failed(5, 9.9, 1.0) == 8  # frames for a moment are no recovery
    assert restarts.failed(6, 10, 1.0) == 0.5


def test_without_a_budget_it_is_tried_for_ever() -> None:
    restarts = Restarts(Backoff())
    assert None not in [restarts.failed(at, 0, 0.5) for at in range(10_000)]


def test_a_budget_is_so_many_tries_within_its_window() -> None:
    restarts = Restarts(Backoff(budget=2, window=100))
    assert [restarts.failed(at, 0, 0.5) is None for at in (0, 50, 99)] == [False, False, True]
    assert restarts.failed(101, 0, 0.5) is not None  # the first of them is forgotten
    assert restarts.failed(102, 0, 0.5) is None


@given(st.lists(st.floats(0, 1000), max_size=50), st.integers(0, 5))
def test_no_window_ever_holds_more_tries_than_the_budget(times: list[float], budget: int) -> None:
    restarts, tries = Restarts(Backoff(budget=budget, window=10)), []
    for at in sorted(times):
        if restarts.failed(at, 0, 0.5) is not None:
            tries.append(at)
        assert len([one for one in tries if one > at - 10]) <= budget
