import threading
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.pipeline.buffer import Buffer
from tests.edge_runtime.samples import DEADLINE, eventually


def drained(buffer: Buffer[int]) -> list[int]:
    found = []
    while (item := buffer.get(0)) is not None:
        found.append(item)
    return found


def test_what_waited_longest_comes_first() -> None:
    buffer = Buffer[int](3)
    for item in (1, 2, 3):
        assert buffer.put("files", item, live=False)
    assert drained(buffer) == [1, 2, 3]


def test_of_a_live_source_only_the_newest_waits_and_the_rest_are_counted() -> None:
    buffer = Buffer[int](2)
    for item in range(1, 11):
        assert buffer.put("camera", item, live=True)
    assert buffer.put("door", 20, live=True)
    assert drained(buffer) == [10, 20]
    assert buffer.dropped == {"camera": 9}


def test_what_comes_between_two_live_items_stays_between_them() -> None:
    buffer = Buffer[int](3)
    assert buffer.put("camera", 1, live=True)
    assert buffer.put("camera", 2, live=False)  # that it was lost
    assert buffer.put("camera", 3, live=True)
    assert buffer.put("camera", 4, live=True)
    assert drained(buffer) == [1, 2, 4]


def test_a_live_source_never_waits_for_room() -> None:
    buffer = Buffer[int](1)
    assert buffer.put("files", 1, live=False)
    assert buffer.put("camera", 2, live=True)  # would hang here
    assert drained(buffer) == [1, 2]


def test_a_source_that_is_not_live_waits_for_room_and_loses_nothing() -> None:
    buffer = Buffer[int](2)
    with ThreadPoolExecutor() as pool:
        putting = pool.submit(lambda: [buffer.put("files", item, live=False) for item in range(50)])
        found: list[int] = []
        while len(found) < 50:
            assert len(buffer._waiting) <= 2
            item = buffer.get(DEADLINE)
            assert item is not None
            found.append(item)
        assert putting.result(DEADLINE) == [True] * 50
    assert found == list(range(50))
    assert buffer.dropped == {}


def test_nothing_there_is_none_after_the_time_given() -> None:
    assert Buffer[int](1).get(0.01) is None


def test_closing_wakes_who_waits_for_room_and_who_waits_for_an_item() -> None:
    full, empty = Buffer[int](1), Buffer[int](1)
    full.put("files", 1, live=False)
    with ThreadPoolExecutor() as pool:
        putting = pool.submit(full.put, "files", 2, False)
        getting = pool.submit(empty.get, 1000 * DEADLINE)
        eventually(lambda: threading.active_count() >= 3, "both wait")
        full.close()
        empty.close()
        assert putting.result(DEADLINE) is False
        assert getting.result(DEADLINE) is None


def test_after_closing_nothing_is_taken_in_but_what_waits_can_be_got() -> None:
    buffer = Buffer[int](2)
    buffer.put("files", 1, live=False)
    buffer.put("camera", 2, live=True)
    buffer.close()
    assert not buffer.put("files", 3, live=False)
    assert not buffer.put("door", 4, live=True)
    assert not buffer.put("camera", 5, live=True)
    assert not buffer.finished
    assert drained(buffer) == [1, 2]
    assert buffer.finished


@given(st.lists(st.tuples(st.sampled_from(("camera", "door")), st.booleans()), max_size=60))
def test_of_live_sources_every_frame_is_got_or_counted_and_never_an_old_one(steps: list[tuple[str, bool]]) -> None:
    buffer = Buffer[tuple[str, int]](1)
    newest: dict[str, int] = {}
    got: dict[str, int] = {}
    for number, (source, get) in enumerate(steps):
        buffer.put(source, (source, number), live=True)
        newest[source] = number
        assert len(buffer._waiting) <= 2
        item = buffer.get(0) if get else None
        if item:
            assert item[1] == newest[item[0]]
            got[item[0]] = got.get(item[0], 0) + 1
    waiting = {entry.source for entry in buffer._waiting}
    for source in newest:
        put = sum(name == source for name, _ in steps)
        assert put == got.get(source, 0) + buffer.dropped.get(source, 0) + (source in waiting)
