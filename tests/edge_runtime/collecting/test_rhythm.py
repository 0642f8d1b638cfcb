from edge_runtime.collecting.rhythm import Rhythm
from edge_runtime.sources import Frame
from tests.edge_runtime.samples import flat


def frame(number: int = 0, taken: float = 0.0, played: float | None = None) -> Frame:
    return Frame("camera:", number, 0.0, flat(200), taken, played)


def test_every_nth_frame_is_due_beginning_with_the_first() -> None:
    rhythm = Rhythm(every=10)
    assert [number for number in range(35) if rhythm.is_due(frame(number))] == [0, 10, 20, 30]


def test_frames_that_nobody_took_in_time_count() -> None:
    rhythm = Rhythm(every=10)
    assert [number for number in (3, 12, 14, 22, 23, 50, 51, 53, 60) if rhythm.is_due(frame(number))] == [
        3,
        14,
        23,
        50,
        60,
    ]


def test_an_interval_does_not_drift_with_the_frames() -> None:
    rhythm = Rhythm(seconds=0.5)
    due = [number for number in range(76) if rhythm.is_due(frame(number, 100 + number / 25))]
    assert due == [0, 13, 25, 38, 50, 63, 75]


def test_rounding_moves_no_frame() -> None:
    rhythm = Rhythm(seconds=0.4)
    assert [number for number in range(200) if rhythm.is_due(frame(number, played=number / 25))] == [*range(0, 200, 10)]


def test_after_a_pause_nothing_is_made_up_for() -> None:
    rhythm = Rhythm(seconds=1)
    assert [at for at in (0, 0.9, 1.1, 60, 60.1, 60.9, 61.0) if rhythm.is_due(frame(taken=at))] == [0, 1.1, 60, 61.0]


def test_a_video_has_a_time_of_its_own() -> None:
    rhythm = Rhythm(seconds=2)
    due = [second for second in range(7) if rhythm.is_due(frame(second, taken=5.0, played=float(second)))]
    assert due == [0, 2, 4, 6]
