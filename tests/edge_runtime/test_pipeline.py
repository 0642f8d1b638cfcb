import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime import heartbeat
from edge_runtime.classifier import Judgement
from edge_runtime.closing import NothingToClose
from edge_runtime.errors import EdgeError, SourceError
from edge_runtime.heartbeat import Heartbeat
from edge_runtime.pipeline import HELD, Pipeline
from edge_runtime.result import Prediction, Rejection, Result
from edge_runtime.sinks import Sink
from edge_runtime.sinks.memory import MemorySink
from edge_runtime.sources import Frame, Source
from edge_runtime.sources.replay import ReplaySource
from tests.edge_runtime.samples import DEADLINE, IDENTITY, SPEC, brightness, eventually, flat, save

SOON = 5.0  # seconds; a failure ends a run within one, but a loaded machine is no failure


class Counting(NothingToClose):
    """A source that fails at a frame, and knows whether it was left and how far it came."""

    address, live = "counting:", False

    def __init__(self, frames: int, fails_at: int = -1) -> None:
        self._count, self._fails_at = frames, fails_at
        self.given = 0
        self.left = False

    def __exit__(self, *_: object) -> None:
        self.left = True

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        for number in range(self._count):
            if stop.is_set():
                return
            if number == self._fails_at:
                raise SourceError("counting: the cable came off")
            self.given += 1
            yield Frame(self.address, number, 0.0, flat(number % 256))


class Silent(NothingToClose):
    """A source that gives nothing until it is stopped."""

    address, live = "silent:", True

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        stop.wait()
        yield from ()


class Failing(MemorySink):
    def take(self, result: Result) -> None:
        super().take(result)
        if len(self.results) == 3:
            raise EdgeError("the printer is out of paper")


class Held:
    """A classifier that judges when it is told to."""

    identity, labels, preprocessing = IDENTITY, SPEC.labels, SPEC.preprocessing

    def __init__(self) -> None:
        self.started, self.go_on = threading.Event(), threading.Event()

    def classify(self, pixels: NDArray[np.uint8]) -> Judgement:
        self.started.set()
        assert self.go_on.wait(DEADLINE)
        return Judgement(np.array([0.5, 0.5], np.float32), 0.0)


def pipeline(
    sources: list[Source], *sinks: Sink, stop: threading.Event | None = None, beats: Heartbeat | None = None
) -> Pipeline:
    return Pipeline(sources, brightness(), sinks, stop=stop or threading.Event(), heartbeat=beats)


def frames_of(sink: MemorySink, source: str) -> list[int]:
    return [result.frame for result in sink.results if result.source == source]


def test_every_frame_of_every_source_is_judged_once_and_in_order() -> None:
    memory = MemorySink()
    sources: list[Source] = [
        ReplaySource([flat(value) for value in range(50)], address=f"replay:{name}", rounds=2) for name in "abc"
    ]
    totals = pipeline(sources, memory).run()
    assert totals.predictions == 300
    assert (totals.rejections, totals.dropped) == (0, {})
    for source in sources:
        assert frames_of(memory, source.address) == list(range(100))
    for result in memory.results:
        assert isinstance(result, Prediction)
        assert dict(result.best)["bright"] == pytest.approx(result.frame % 50 / 255)


def test_every_sink_is_told_every_result_and_closed() -> None:
    first, second = MemorySink(), MemorySink()
    pipeline([Counting(5)], first, second).run()
    assert first.results == second.results
    assert len(first.results) == 5
    assert first.closed
    assert second.closed


def test_a_picture_that_cannot_be_decoded_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(save(tmp_path / "good.png").read_bytes()[:50])
    memory = MemorySink()
    totals = pipeline([ReplaySource([flat(0), broken, flat(255)])], memory).run()
    assert (totals.predictions, totals.rejections) == (2, 1)
    rejection = memory.results[1]
    assert isinstance(rejection, Rejection)
    assert rejection.frame == 1
    assert rejection.reason.startswith(f"{broken}: cannot be decoded: ")


def test_a_source_that_fails_on_frame_3_of_1000_ends_the_run_soon_and_closes_everything() -> None:
    memory, failing, other, silent = MemorySink(), Counting(1000, fails_at=3), Counting(10**9), Silent()
    start = time.monotonic()
    with pytest.raises(SourceError, match="counting: the cable came off"):
        pipeline([failing, other, silent], memory).run()
    assert time.monotonic() - start < SOON
    assert failing.given == 3
    assert failing.left
    assert other.left
    assert memory.closed
    assert not [thread for thread in threading.enumerate() if thread.name in ("counting:", "silent:")]


def test_a_defect_in_a_source_ends_the_run_too() -> None:
    class Defective(Counting):
        def frames(self, stop: threading.Event) -> Iterator[Frame]:
            yield Frame("x", 0, 0.0, flat(1))
            raise ZeroDivisionError("a defect")

    with pytest.raises(ZeroDivisionError, match="a defect"):
        pipeline([Defective(1), Silent()], MemorySink()).run()


def test_a_sink_that_fails_ends_the_run_soon_and_closes_everything() -> None:
    failing, memory, source = Failing(), MemorySink(), Counting(10**9)
    start = time.monotonic()
    with pytest.raises(EdgeError, match="the printer is out of paper"):
        pipeline([source, Silent()], failing, memory).run()
    assert time.monotonic() - start < SOON
    assert source.left
    assert failing.closed
    assert memory.closed


def test_a_source_that_cannot_be_entered_closes_what_was_entered_before() -> None:
    class Shut(Counting):
        def __enter__(self) -> "Shut":
            raise SourceError("shut: no such camera")

    memory, first = MemorySink(), Counting(10)
    with pytest.raises(SourceError, match="no such camera"):
        pipeline([first, Shut(1)], memory).run()
    assert first.left
    assert memory.closed
    assert first.given == 0


def test_stop_ends_a_run_after_the_frame_in_hand() -> None:
    stop, memory = threading.Event(), MemorySink()

    class Stopper(MemorySink):
        def take(self, result: Result) -> None:
            stop.set()

    totals = pipeline([Counting(10**9), Silent()], Stopper(), memory, stop=stop).run()
    assert totals.predictions == 1
    assert len(memory.results) == 1  # the sink after the one that stopped is still told


def test_stop_before_the_start_judges_nothing() -> None:
    stop = threading.Event()
    stop.set()
    assert pipeline([Counting(10**9)], MemorySink(), stop=stop).run().predictions == 0


def test_a_run_without_sources_ends_at_once() -> None:
    assert pipeline([], MemorySink()).run().predictions == 0


def test_a_live_source_with_a_slow_classifier_drops_the_old_frames() -> None:
    held, memory, released = Held(), MemorySink(), 0

    class Camera(NothingToClose):
        """Goes on to give frames while the first is judged; then the classifier may go on."""

        address, live = "camera:", True

        def frames(self, stop: threading.Event) -> Iterator[Frame]:
            yield Frame(self.address, 0, 0.0, flat(0))
            assert held.started.wait(DEADLINE)
            for number in range(1, 100):
                yield Frame(self.address, number, 0.0, flat(number))
            held.go_on.set()

    totals = Pipeline([Camera()], held, [memory], stop=threading.Event()).run()
    assert frames_of(memory, "camera:") == [0, 99]
    assert totals.dropped == {"camera:": 98}
    assert released == 0


def test_few_frames_are_held_while_a_slow_classifier_judges() -> None:
    held, source = Held(), Counting(1000)
    stop = threading.Event()
    running = threading.Thread(target=Pipeline([source], held, [], stop=stop).run)
    running.start()
    assert held.started.wait(DEADLINE)
    # One is judged, HELD wait, one is in the sensing thread's hand.
    eventually(lambda: source.given == HELD + 2, "the buffer is full")
    stop.set()
    held.go_on.set()
    running.join(DEADLINE)
    assert not running.is_alive()
    assert source.given == HELD + 2


def test_the_heart_beats_while_no_frame_comes(tmp_path: Path) -> None:
    beats, stop = tmp_path / "heartbeat.json", threading.Event()
    heart = Heartbeat(beats, "lamp", interval=0.0)
    running = threading.Thread(target=pipeline([Silent()], stop=stop, beats=heart).run)
    running.start()
    eventually(beats.exists, "a first beat")
    first = heartbeat.read(beats).at
    eventually(lambda: heartbeat.read(beats).at > first, "another beat without any frame")
    stop.set()
    running.join(DEADLINE)
    assert not running.is_alive()


def test_the_heartbeat_counts_what_was_judged(tmp_path: Path) -> None:
    heart = Heartbeat(tmp_path / "heartbeat.json", "lamp", interval=0.0)
    pipeline([Counting(7)], beats=heart).run()
    assert heartbeat.read(tmp_path / "heartbeat.json").predictions == 7


def test_the_age_of_a_prediction_is_measured_from_its_capture() -> None:
    memory = MemorySink()
    source = ReplaySource([flat(1)], now=lambda: 100.0)
    Pipeline([source], brightness(), [memory], stop=threading.Event(), now=lambda: 100.75).run()
    (result,) = memory.results
    assert isinstance(result, Prediction)
    assert (result.captured_at, result.age) == (100.0, 0.75)
