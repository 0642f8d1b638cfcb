import io
from collections.abc import Callable

from train.progress import Progress, counted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def clock(step: float) -> Callable[[], float]:
    """A clock that advances by `step` seconds whenever it is read."""
    time = [0.0]

    def now() -> float:
        time[0] += step
        return time[0]

    return now


def test_a_log_gets_a_line_every_ten_seconds_at_most() -> None:
    stream = io.StringIO()
    assert list(counted(range(100), 100, "reading", stream=stream, now=clock(0.5))) == list(range(100))
    lines = stream.getvalue().splitlines()
    assert 2 <= len(lines) <= 6, "100 pictures, about 50 to 60 seconds"
    assert lines[0].startswith("reading: ")
    assert lines[0].endswith(" of 100")


def test_work_of_a_moment_says_nothing() -> None:
    for stream in (io.StringIO(), Terminal()):
        list(counted(range(5), 5, "reading", stream=stream, now=clock(0.001)))
        assert stream.getvalue() == ""


def test_a_terminal_has_one_line_which_is_cleared_at_the_end() -> None:
    stream = Terminal()
    list(counted(range(3000), 3000, "reading", stream=stream, now=clock(1.0)))
    assert "\r\x1b[Kreading: 2,999 of 3,000" in stream.getvalue()
    assert "\n" not in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_what_is_shown_goes_over_what_was_shown_however_long_that_was() -> None:
    stream = Terminal()
    with Progress(stream, clock(1.0)) as progress:
        progress.show("a long line of what is done")
        progress.show("short")
    assert stream.getvalue() == "\r\x1b[Ka long line of what is done\r\x1b[Kshort\r\x1b[K"


def test_a_log_of_hours_may_have_longer_pauses() -> None:
    stream = io.StringIO()
    with Progress(stream, clock(1.0), quiet=60.0) as progress:
        for second in range(200):
            progress.show(str(second))
    assert len(stream.getvalue().splitlines()) in (3, 4)
