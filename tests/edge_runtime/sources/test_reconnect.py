"""The wrapper around what comes and goes; the way to the camera is a script here, real ones are tested beside."""

import threading
from collections.abc import Callable, Generator, Sequence

import pytest

from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame, Notice
from edge_runtime.sources.backoff import Backoff
from edge_runtime.sources.reconnect import LostError, Quiet, Reconnecting
from tests.edge_runtime.samples import flat

QUICK = Backoff(first=0.001, cap=0.001)
Step = int | Notice | Exception | Callable[[], object]


class Script:
    """A `Connection` that does what is written for each time it is used; after the last it waits for `stop`."""

    address = "camera"

    def __init__(self, *lives: Sequence[Step]) -> None:
        self._lives = list(lives)
        self.closed = 0
        self.refusal: SourceError | None = None

    def check(self) -> None:
        if self.refusal:
            raise self.refusal

    def frames(self, stop: threading.Event) -> Generator[Frame | Notice, None, None]:
        try:
            for step in self._lives.pop(0) if self._lives else []:
                match step:
                    case int():
                        yield Frame("inner", step, 5.0, flat(step), 7.0)
                    case Notice():
                        yield step
                    case Exception():
                        raise step
                    case _:
                        step()
            stop.wait()
        finally:
            self.closed += 1


def taken(source: Reconnecting, count: int) -> list[Frame | Notice]:
    stop, items = threading.Event(), []
    with source:
        for item in source.frames(stop):
            items.append(item)
            if len(items) == count:
                stop.set()
    return items


def test_after_a_loss_frames_go_on_and_their_numbers_too() -> None:
    script = Script([0, 1, LostError("gone")], [LostError("still gone")], [0, 1])
    items = taken(Reconnecting(script, QUICK), 6)
    assert [item.number if isinstance(item, Frame) else item for item in items] == [
        *(0, 1, Notice("lost", "gone"), Notice("lost", "still gone")),
        *(2, 3),
    ]
    assert script.closed == 3


def test_a_gap_in_the_numbers_stays_one() -> None:
    items = taken(Reconnecting(Script([0, 4, LostError("gone")], [2]), QUICK), 4)
    assert [item.number for item in items if isinstance(item, Frame)] == [0, 4, 7]


def test_a_frame_keeps_its_picture_and_times_and_names_the_source() -> None:
    (frame,) = taken(Reconnecting(Script([3]), QUICK), 1)
    assert isinstance(frame, Frame)
    assert (frame.source, frame.captured_at, frame.taken) == ("camera", 5.0, 7.0)
    assert frame.picture is not None


def test_what_a_connection_says_of_itself_is_passed_on() -> None:
    stale = Notice("stale", "no frame")
    assert taken(Reconnecting(Script([0, stale]), QUICK), 2)[1] is stale


def test_when_the_budget_is_spent_it_has_failed_for_good() -> None:
    life: list[Step] = [0, LostError("gone")]
    script = Script(life, life, life)
    source = Reconnecting(script, Backoff(first=0.001, budget=2, window=60))
    items: list[Frame | Notice] = []
    with source, pytest.raises(SourceError) as failed:
        items.extend(source.frames(threading.Event()))
    assert str(failed.value) == "camera: gone; given up after 2 new tries within 60 s"
    assert [item.number for item in items if isinstance(item, Frame)] == [0, 1, 2]


def test_what_no_new_try_mends_is_a_failure_at_once() -> None:
    with pytest.raises(SourceError, match=r"^no package$"):
        taken(Reconnecting(Script([SourceError("no package")]), QUICK), 1)


def test_what_is_missing_here_is_told_when_it_is_entered() -> None:
    script = Script()
    script.refusal = SourceError("no package")
    with pytest.raises(SourceError, match=r"^no package$"):
        Reconnecting(script).__enter__()
    with pytest.raises(SourceError, match=r"^no package$"):
        Reconnecting(script).check()
    assert script.closed == 0


def test_a_stop_is_heard_during_a_pause() -> None:
    stop = threading.Event()
    source = Reconnecting(Script([LostError("gone")]), Backoff(first=1e9, cap=1e9))
    with source:
        frames = source.frames(stop)
        assert next(frames) == Notice("lost", "gone")
        threading.Timer(0.05, stop.set).start()
        assert list(frames) == []


def test_leaving_hangs_up_though_nobody_has_finished_reading() -> None:
    script = Script([0, 1, 2])
    source = Reconnecting(script, QUICK)
    with source:
        next(iter(source.frames(threading.Event())))
        assert script.closed == 0
    assert script.closed == 1


def test_a_loss_that_a_stop_brought_about_is_none() -> None:
    stop = threading.Event()
    source = Reconnecting(Script([stop.set, LostError("hung up")]), QUICK)
    with source:
        assert list(source.frames(stop)) == []


def test_silence_is_stale_first_told_once_and_lost_later() -> None:
    quiet = Quiet(100.0, opening=15, stale=2, lost=5)
    quiet.heard(103.0)
    assert [quiet.look(at) for at in (104.9, 105.0, 106.0)] == [
        *(None, Notice("stale", "connected, but no frame for 2 s"), None)
    ]
    quiet.heard(107.0)
    assert quiet.look(108.0) is None
    assert quiet.look(109.0) is not None  # again, after it had recovered
    with pytest.raises(LostError, match=r"^gave no frame for 5 s$"):
        quiet.look(112.0)


def test_the_first_frame_may_take_longer_and_is_not_stale_before() -> None:
    quiet = Quiet(100.0, opening=15, stale=2, lost=5)
    assert quiet.look(114.9) is None
    with pytest.raises(LostError, match=r"^gave no frame for 15 s$"):
        quiet.look(115.0)
