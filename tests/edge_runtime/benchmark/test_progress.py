from dataclasses import replace

import pytest

from edge_runtime.benchmark.figures import Taken
from edge_runtime.benchmark.progress import EVERY, Progress, announced
from tests.edge_runtime.benchmark.samples import CASE, measured


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_when_a_case_starts_when_it_is_measured_and_when_it_cannot_be(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = Progress(0, 2, 10, 0.0, 3.0, terminal=False, clock=Clock())
    started, gone = Taken(CASE, measured().start), Taken(replace(CASE, variant="int4.tflite"), failure="no operator")
    progress([started, gone])
    progress([started, gone])
    progress([measured(), gone])
    assert capsys.readouterr().err.splitlines() == [
        "edge-runtime: float32.tflite, ai-edge-litert, 1 thread: loaded in 20 ms",
        "edge-runtime: int4.tflite, ai-edge-litert, 1 thread: not measured: no operator",
        "edge-runtime: float32.tflite, ai-edge-litert, 1 thread: 10 queries, median 4.00 ms",
        "edge-runtime: now decoding beside the interpreter, 3 s",
    ]


def test_a_log_is_never_silent_for_much_longer_than_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    progress = Progress(1, 3, 1024, 60.0, 3.0, terminal=False, clock=clock)
    one = measured()
    progress([one])
    capsys.readouterr()
    for clock.now in (EVERY - 1, EVERY, EVERY + 1, 2 * EVERY):
        progress([one])
    line = "edge-runtime: 1 of 3 measured, 10 queries, about 2 min 6 s left"
    assert capsys.readouterr().err.splitlines() == [line, line]


def test_a_terminal_gets_one_line_that_is_written_anew_and_ends_with_the_last_case(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = Progress(0, 1, 10, 0.0, 3.0, terminal=True, clock=Clock())
    one = measured()
    progress([one])
    one.throughput = 100.0
    progress([one])
    first, second = capsys.readouterr().err.split("\r\x1b[K")[1:]
    assert first == "1 of 1 measured, 10 queries, about 3 s left"
    assert second == "1 of 1 measured, 10 queries, about 0 s left\n"


def test_how_long_it_takes_is_said_before_it_begins() -> None:
    said = announced(12, 1024, 60.0, 3.0)
    assert said == "measuring 12 cases in turns, 1,024 queries and 1 min of each at least, together 12 min 36 s or more"
    assert announced(1, 5, 0.0, 3.0) == "measuring 1 case in turns, 5 queries of each at least"
