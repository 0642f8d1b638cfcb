from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.http.bucket import Buckets, client_of


def test_a_client_may_ask_in_bursts_and_then_at_the_rate() -> None:
    buckets = Buckets(rate=2, burst=3)
    assert [buckets.take("a", 0.0) for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
    assert [buckets.take("a", 0.5) for _ in range(2)] == [0, 0.5]
    assert [buckets.take("a", 60.0) for _ in range(4)] == [0, 0, 0, 0.5]


def test_one_client_takes_nothing_from_another() -> None:
    buckets = Buckets(rate=1, burst=1)
    assert [buckets.take(client, 0.0) for client in "aab"] == [0, 1, 0]


def test_looking_takes_nothing() -> None:
    buckets = Buckets(rate=1, burst=1)
    assert [buckets.wait("a", 0.0) for _ in range(3)] == [0, 0, 0]


def test_a_clock_that_stands_or_steps_back_gives_nothing_away() -> None:
    buckets = Buckets(rate=1, burst=1)
    assert [buckets.take("a", at) for at in (10.0, 5.0, 10.5)] == [0, 1, 0.5]


@given(st.lists(st.tuples(st.text(max_size=2), st.floats(0, 100))))
def test_memory_is_bounded_whoever_asks(asked: list[tuple[str, float]]) -> None:
    buckets = Buckets(rate=1, burst=2, size=4)
    for client, at in asked:
        assert buckets.take(client, at) >= 0
    assert len(buckets) <= 4


def test_addresses_that_one_host_may_change_between_count_as_one() -> None:
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff:2") != client_of("2001:db8:0:1::1")
    assert client_of("::ffff:10.0.0.1") == client_of("10.0.0.1") != client_of("10.0.0.2")
    assert client_of("fe80::1%eth0") == client_of("fe80::2")
    assert client_of("") == ""
