import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.benchmark.figures import Taken, enough, spread
from tests.edge_runtime.benchmark.samples import CASE, measured


def test_percentiles_are_values_that_were_met() -> None:
    found = spread([float(value) for value in range(1, 101)])
    assert (found.p50, found.p90, found.p99) == (50, 90, 99)
    assert spread([7.0]).p99 == 7


@given(st.lists(st.floats(0, 10), min_size=1))
def test_percentiles_are_in_order_and_among_the_values(values: list[float]) -> None:
    found = spread(values)
    assert min(values) <= found.p50 <= found.p90 <= found.p99 <= max(values)
    assert {found.p50, found.p90, found.p99} <= set(values)


@pytest.mark.parametrize(("queries", "seconds", "done"), [(10, 0.04, True), (11, 0.0, False), (1, 0.05, False)])
def test_a_case_was_measured_long_enough_after_so_many_queries_and_so_many_seconds(
    queries: int, seconds: float, done: bool
) -> None:
    assert enough(measured(), queries, seconds - 1e-9) == done


def test_one_that_failed_is_not_waited_for() -> None:
    assert enough(Taken(CASE, failure="no interpreter"), 1024, 60)
