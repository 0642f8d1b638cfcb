from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import FieldError
from edge_runtime.events.smoothing import EventSmoother, Method, Smoothing
from edge_runtime.result import UNKNOWN, Event, Prediction
from tests.edge_runtime.samples import IDENTITY

ENOUGH = 0.9  # a score above every `enter` used here
LABELS = ("cat", "dog", "bird", UNKNOWN)
BOTH: tuple[Method, ...] = ("majority", "average")


def prediction(label: str, score: float = ENOUGH, frame: int = 0, captured_at: float = 0.0) -> Prediction:
    """What names `label`; ``unknown`` is a score below the threshold."""
    best = (("cat", 0.2), ("dog", 0.1)) if label == UNKNOWN else ((label, score), ("another", (1 - score) / 2))
    return Prediction("camera:", None, frame, captured_at, best, IDENTITY, 0.001, 0.01, threshold=0.25)


def events(rule: Smoothing, seen: list[tuple[float, str]], score: float = ENOUGH) -> list[tuple[float, Event]]:
    """The events of frames at these times, each with its time."""
    smoother = EventSmoother(rule)
    told = [(at, smoother.update(prediction(label, score, frame), at)) for frame, (at, label) in enumerate(seen)]
    return [(at, event) for at, event in told if event]


def steady(label: str, start: float, seconds: float, fps: float = 10) -> list[tuple[float, str]]:
    return [(start + number / fps, label) for number in range(round(seconds * fps))]


rules = st.builds(
    lambda method, window, enter, leave, hold, frames: Smoothing(method, window, enter, leave * enter, hold, frames),
    st.sampled_from(BOTH),
    st.sampled_from([0.0, 0.3, 1.0, 4.0]),
    st.sampled_from([0.2, 0.5, 0.6, 0.9]),
    st.sampled_from([0.1, 0.5, 1.0]),
    st.sampled_from([0.0, 0.25, 1.0, 3.0]),
    st.integers(1, 4),
)
intervals = st.lists(st.floats(0.01, 0.8), min_size=1, max_size=60)
anything = st.lists(st.tuples(st.floats(0, 3), st.sampled_from(LABELS), st.floats(0.3, 1)), max_size=80)


def times(start: float, steps: list[float]) -> list[float]:
    found = []
    for step in steps:
        start += step
        found.append(start)
    return found


@given(st.one_of(rules, st.just(Smoothing("none"))), anything)
def test_two_events_in_a_row_never_name_the_same_label(rule: Smoothing, steps: list[tuple[float, str, float]]) -> None:
    smoother, at, told = EventSmoother(rule), 0.0, []
    for step, label, score in steps:
        at += step
        event = smoother.update(prediction(label, score), at)
        if event:
            told.append(event)
            assert 0 <= event.score <= 1
    for before, after in pairwise(told):
        assert before.label != after.label
        assert after.previous == before.label
        assert after.duration is not None
        assert after.duration >= 0
    assert not told or (told[0].previous, told[0].duration) == (None, None)


@given(rules, intervals, intervals, st.sampled_from(LABELS[1:]))
def test_what_is_seen_for_less_than_hold_and_is_gone_again_makes_no_event(
    rule: Smoothing, around: list[float], flicker: list[float], label: str
) -> None:
    before = times(0.0, around * (1 + int((2 * rule.window + 2 * rule.hold + 5) / sum(around))))
    during = times(before[-1], flicker)
    during = [at for at in during if at - during[0] < rule.hold]
    after = times((during or before)[-1], around * (1 + int((rule.window + rule.hold + 1) / sum(around))))
    seen = [*((at, "cat") for at in before), *((at, label) for at in during), *((at, "cat") for at in after)]
    told = [event.label for _, event in events(rule, seen)]
    assert told == ["cat"]


@given(rules, intervals, intervals, st.sampled_from(LABELS), st.sampled_from(LABELS))
def test_what_lasts_makes_an_event_within_window_and_hold(
    rule: Smoothing, first: list[float], then: list[float], old: str, new: str
) -> None:
    longest = max(*first, *then)
    before = times(0.0, first)
    change = before[-1]
    after = times(change, then)
    while after[-1] < change + rule.window + rule.hold + (rule.frames + 3) * longest:
        after = after + times(after[-1], then)
    told = events(rule, [*((at, old) for at in before), *((at, new) for at in after)])
    assert told[-1][1].label == new
    # Whole frames: one for the window to be full, one for hold to be over, or as many as the rule wants.
    by = change + rule.window + rule.hold + max(2, rule.frames) * longest + 1e-6
    assert old == new or told[-1][0] <= by


def test_the_first_event_has_no_previous_and_the_second_says_how_long_it_lasted() -> None:
    (_, first), (_, second) = events(Smoothing(), steady("cat", 0, 5) + steady("dog", 5, 5))
    assert (first.label, first.previous, first.duration) == ("cat", None, None)
    assert (second.label, second.previous) == ("dog", "cat")
    assert second.duration == pytest.approx(5.0, abs=0.7)


def test_one_odd_frame_in_a_steady_stream_makes_no_event() -> None:
    told = events(Smoothing(), [*steady("cat", 0, 3), (3.0, "dog"), *steady("cat", 3.1, 3)])
    assert [event.label for _, event in told] == ["cat"]


def test_a_burst_of_frames_weighs_no_more_than_its_seconds() -> None:
    burst = [(3.0 + number / 1000, "dog") for number in range(100)]
    told = events(Smoothing(hold=0.05), [*steady("cat", 0, 3), *burst, *steady("cat", 3.2, 3)])
    assert [event.label for _, event in told] == ["cat"]


def test_a_label_that_wins_two_frames_of_three_is_told_and_stays() -> None:
    seen = [(number / 10, "dog" if number % 3 == 2 else "cat") for number in range(100)]
    assert [event.label for _, event in events(Smoothing(), seen)] == ["cat"]


def test_between_enter_and_leave_nothing_changes() -> None:
    half = [(5 + number / 10, "dog" if number % 2 else "cat") for number in range(50)]
    told = events(Smoothing(enter=0.7, leave=0.3), steady("cat", 0, 5) + half)
    assert [event.label for _, event in told] == ["cat"]


def test_what_changes_all_the_time_is_unknown_in_the_end() -> None:
    cycle = [(5 + number / 10, LABELS[1 + number % 2]) for number in range(50)]
    told = events(Smoothing(), steady("cat", 0, 5) + cycle)
    assert [event.label for _, event in told] == ["cat", UNKNOWN]
    assert told[1][1].score == pytest.approx(0.5, abs=0.1)  # the best of the two has the other half


def test_a_window_that_fills_with_another_label_is_not_unknown_in_between() -> None:
    told = events(Smoothing(enter=0.9, leave=0.8, hold=0.0, window=2.0), steady("cat", 0, 5) + steady("dog", 5, 5))
    assert [event.label for _, event in told] == ["cat", "dog"]


def test_unknown_is_an_outcome_like_a_label() -> None:
    for method in BOTH:
        told = events(Smoothing(method), steady("cat", 0, 3) + steady(UNKNOWN, 3, 3) + steady("cat", 6, 3))
        assert [(event.label, event.score) for _, event in told][1] == (UNKNOWN, 1.0) or told[1][1].score > 0.6
        assert [event.label for _, event in told] == ["cat", UNKNOWN, "cat"]


def test_an_average_weighs_scores_where_a_majority_counts_votes() -> None:
    """Of three frames two say cat with 0.5, one says dog with 1.0: cat 0.33, dog 0.5 on average."""
    seen = [(number / 10, "dog" if number % 3 == 2 else "cat") for number in range(60)]

    def last(method: Method) -> Event:
        smoother, told = EventSmoother(Smoothing(method, enter=0.45, leave=0.2)), []
        for at, label in seen:
            best = (("dog", 1.0),) if label == "dog" else (("cat", 0.5), ("dog", 0.25))
            told.append(smoother.update(replace(prediction(label), best=best), at))
        return [event for event in told if event][-1]

    assert last("majority").label == "cat"
    assert last("average").label == "dog"
    assert last("average").score == pytest.approx(0.5, abs=0.1)  # (2 × 0.25 + 1.0) / 3


def test_labels_that_a_prediction_does_not_name_never_raise_an_average() -> None:
    told = events(Smoothing("average", enter=0.95), steady("cat", 0, 5))
    assert [event.label for _, event in told] == [UNKNOWN]


def test_without_smoothing_every_change_is_an_event_at_once() -> None:
    told = events(Smoothing("none"), [(0, "cat"), (0, "cat"), (0, "dog"), (0, "cat")])
    assert [(event.frame, event.label, event.score) for _, event in told] == [
        (0, "cat", ENOUGH),
        (2, "dog", ENOUGH),
        (3, "cat", ENOUGH),
    ]


def test_files_that_come_as_fast_as_they_can_be_read_are_counted_in_frames() -> None:
    rule = Smoothing(window=0, hold=0, frames=3)
    told = events(rule, [(0.0, label) for label in ["cat"] * 3 + ["dog"] * 2 + ["cat"] + ["dog"] * 3])
    assert [(event.frame, event.label) for _, event in told] == [(2, "cat"), (8, "dog")]


def test_after_a_gap_the_evidence_begins_anew_and_what_was_told_stays_told() -> None:
    rule = Smoothing(gap=10, hold=1.0)
    before = [*steady("cat", 0, 5), *steady("dog", 5, 0.4)]
    assert [event.label for _, event in events(rule, [*before, (100.0, "dog")])] == ["cat"]
    assert [event.label for _, event in events(rule, [*before, *steady("cat", 100, 5)])] == ["cat"]
    assert [event.label for _, event in events(rule, [*before, *steady("dog", 100, 5)])] == ["cat", "dog"]


def test_a_snapshot_now_and_then_makes_events_too() -> None:
    told = events(Smoothing(), [(number * 10.0, "cat" if number < 5 else "dog") for number in range(10)])
    assert [(at, event.label) for at, event in told] == [(10.0, "cat"), (60.0, "dog")]


def test_what_another_model_said_is_not_mixed_in() -> None:
    smoother = EventSmoother(Smoothing(hold=1.0))
    for at, label in steady("cat", 0, 5):
        smoother.update(prediction(label), at)
    for at, _ in steady("dog", 5, 0.9):
        assert smoother.update(prediction("dog"), at) is None
    new = replace(IDENTITY, version="2.0")
    assert smoother.update(replace(prediction("dog"), identity=new), 6.2) is None
    event = [smoother.update(replace(prediction("dog"), identity=new), at) for at, _ in steady("dog", 6.3, 1.5)]
    assert [found.identity.version for found in event if found] == ["2.0"]


def test_a_wall_clock_that_steps_back_changes_nothing_but_the_stamps() -> None:
    smoother, told = EventSmoother(), []
    for frame, (at, label) in enumerate(steady("cat", 0, 3) + steady("dog", 3, 3)):
        captured_at = 1e9 + at if frame < 35 else 5.0 + at  # back by 30 years during the change
        told.append(smoother.update(prediction(label, frame=frame, captured_at=captured_at), at))
    first, second = [event for event in told if event]
    assert (first.label, second.label) == ("cat", "dog")
    assert second.captured_at < first.captured_at
    assert second.duration is not None
    assert 2 < second.duration < 4


def test_frames_out_of_order_do_no_harm() -> None:
    told = events(Smoothing(), [(0.0, "cat"), (1.0, "cat"), (0.5, "cat"), (2.0, "cat"), (1.9, "dog"), (3.0, "cat")])
    assert [event.label for _, event in told] == ["cat"]


def test_a_long_window_of_many_frames_forgets_what_has_left_it() -> None:
    smoother = EventSmoother(Smoothing("average", window=2.0))
    for number in range(20_000):
        smoother.update(prediction(f"label {number // 200}"), number / 1000)
    assert len(smoother._window._parts) <= 2002
    assert len(smoother._window._sums) <= 40  # 10 labels a window and as many that have just left, and "another"
    assert sum(smoother._window.weights().values()) == pytest.approx(0.95, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"method": "mean"}, "method: 'mean' is not possible; "),
        ({"window": -1.0}, "window: seconds from 0 expected, -1.0 found"),
        ({"hold": float("inf")}, "hold: seconds from 0 expected, inf found"),
        ({"enter": 0.0}, "enter: a number above 0 to 1 expected, 0.0 found"),
        ({"enter": 0.5, "leave": 0.6}, "leave: a number above 0 to enter (0.5) expected, 0.6 found"),
        ({"leave": 0.0}, "leave: a number above 0 to enter (0.6) expected, 0.0 found"),
        ({"frames": 0}, "frames: 1 or more expected, 0 found"),
        ({"gap": 0.0}, "gap: seconds above 0 expected, 0.0 found"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(FieldError) as refused:
        Smoothing(**values)  # type: ignore[arg-type]  # what a configuration might say
    assert str(refused.value).startswith(message)
