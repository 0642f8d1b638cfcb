from dataclasses import replace

from edge_runtime.http.memory import EVENTS, SLOT, SLOTS, Memory
from edge_runtime.result import Event, SourceChange
from tests.edge_runtime.http.serving import DOOR, YARD, frame, prediction
from tests.edge_runtime.samples import IDENTITY


def test_it_keeps_the_last_frame_of_each_source_and_only_that() -> None:
    memory = Memory()
    for number in range(3):
        memory.note(prediction(frame(number=number)), frame(number=number))
    last = memory.frame(DOOR)
    assert last is not None
    assert last.number == 2
    memory.note(prediction(frame()), None)  # its frame was let go while it waited
    assert memory.frame(DOOR) is last
    assert memory.frame(YARD) is None


def test_it_keeps_the_newest_events_newest_first() -> None:
    memory = Memory()
    for number in range(EVENTS + 5):
        memory.note(Event(DOOR, number, 0.0, "bright", 1.0, None, None, IDENTITY), None)
    memory.note(SourceChange(DOOR, 1.0, "lost"), None)
    events = memory.events()
    assert len(events) == EVENTS
    assert isinstance(events[0], SourceChange)
    assert isinstance(events[1], Event)
    assert events[1].frame == EVENTS + 4


def test_its_history_is_the_mean_latency_and_the_highest_age_of_every_five_seconds() -> None:
    now = [1000.0]
    memory = Memory(lambda: now[0])
    told = prediction(frame())
    for latency, age in ((0.001, 0.1), (0.003, 0.3), (0.002, 0.2)):
        memory.note(replace(told, latency=latency, age=age), None)
    now[0] += 2 * SLOT
    memory.note(replace(told, latency=0.005, age=0.01), None)
    assert memory.history() == [(2, 3, 0.002, 0.3), (0, 1, 0.005, 0.01)]
    now[0] += SLOT * (SLOTS - 1)
    assert [ago for ago, *_ in memory.history()] == [SLOTS - 1]


def test_an_hour_is_remembered_in_no_more_than_five_minutes() -> None:
    now = [0.0]
    memory = Memory(lambda: now[0])
    for second in range(3600):
        now[0] = second
        memory.note(prediction(frame()), None)
    assert len(memory.history()) == SLOTS
