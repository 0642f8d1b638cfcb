import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime import heartbeat
from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.classifier import BundleClassifier, Judgement
from edge_runtime.closing import NothingToClose
from edge_runtime.errors import EdgeError, SourceError
from edge_runtime.heartbeat import Heartbeat
from edge_runtime.pipeline.judging import Rules
from edge_runtime.pipeline.lane import Lane
from edge_runtime.pipeline.pipeline import HELD, Pipeline
from edge_runtime.preprocess import Region
from edge_runtime.result import Event, Prediction, Rejection, Result, SourceChange
from edge_runtime.sinks import Sink
from edge_runtime.sinks.memory import MemorySink
from edge_runtime.sources import Frame, Notice, Source
from edge_runtime.sources.replay import ReplaySource
from tests.edge_runtime.samples import DEADLINE, IDENTITY, SPEC, Brightness, brightness, eventually, flat, save

DEFAULTS = Rules()
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


class Given(NothingToClose):
    """A source that gives what it was given; with `patient`, each frame when the one before has been looked at."""

    address, live, patient = "given:", False, False

    def __init__(self, *items: Frame | Notice) -> None:
        self._items = items
        self.judged: Callable[[], int] = lambda: 0

    def frames(self, stop: threading.Event) -> Iterator[Frame | Notice]:
        for number, item in enumerate(self._items):
            if self.patient:
                self._wait_for(number)
            yield item

    def _wait_for(self, judged: int) -> None:
        eventually(lambda: self.judged() >= judged, "the frame before is judged")


class Silent(NothingToClose):
    """A source that gives nothing until it is stopped."""

    address, live = "silent:", True

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        stop.wait()
        yield from ()


class Failing(MemorySink):
    def take(self, result: Result, frame: Frame | None = None) -> None:
        super().take(result, frame)
        if len(self.results) == 3:
            raise EdgeError("the printer is out of paper")


class Held:
    """A classifier that judges when it is told to."""

    identity, labels, preprocessing, threshold = IDENTITY, SPEC.labels, SPEC.preprocessing, 0.0

    def __init__(self) -> None:
        self.started, self.go_on = threading.Event(), threading.Event()

    def classify(self, pixels: NDArray[np.uint8]) -> Judgement:
        self.started.set()
        assert self.go_on.wait(DEADLINE)
        return Judgement(np.array([0.5, 0.5], np.float32), 0.0)


def lanes(*sources: Source) -> list[Lane]:
    return [Lane(source) for source in sources]


def pipeline(
    sources: Sequence[Source],
    *sinks: Sink,
    stop: threading.Event | None = None,
    beats: Heartbeat | None = None,
    rules: Rules = DEFAULTS,
) -> Pipeline:
    return Pipeline(lanes(*sources), brightness(), sinks, stop=stop or threading.Event(), heartbeat=beats, rules=rules)


def predictions(sink: MemorySink) -> list[Prediction]:
    return [result for result in sink.results if isinstance(result, Prediction)]


def changes(sink: MemorySink) -> list[tuple[str, str]]:
    return [(result.state, result.reason) for result in sink.results if isinstance(result, SourceChange)]


def frames_of(sink: MemorySink, source: str) -> list[int]:
    return [result.frame for result in predictions(sink) if result.source == source]


@pytest.mark.parametrize("preparers", [1, 3])
def test_every_frame_of_every_source_is_judged_once_and_in_order(preparers: int) -> None:
    memory = MemorySink()
    sources: list[Source] = [
        ReplaySource([flat(value) for value in range(50)], address=f"replay:{name}", rounds=2) for name in "abc"
    ]
    totals = pipeline(sources, memory, rules=Rules(preparers=preparers)).run()
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

    class Stopper(Held):
        def classify(self, pixels: NDArray[np.uint8]) -> Judgement:
            stop.set()
            return Judgement(np.array([0.5, 0.5], np.float32), 0.0)

    totals = Pipeline(lanes(Counting(10**9), Silent()), Stopper(), [memory], stop=stop).run()
    assert totals.predictions == 1
    assert frames_of(memory, "counting:") == [0]


def test_stop_before_the_start_judges_nothing() -> None:
    stop = threading.Event()
    stop.set()
    assert pipeline([Counting(10**9)], MemorySink(), stop=stop).run().predictions == 0


def test_a_run_without_sources_ends_at_once() -> None:
    assert pipeline([], MemorySink()).run().predictions == 0


def test_a_live_source_with_a_slow_classifier_drops_the_old_frames() -> None:
    held, memory = Held(), MemorySink()

    class Camera(NothingToClose):
        """Goes on to give frames while the first is judged; then the classifier may go on."""

        address, live = "camera:", True

        def frames(self, stop: threading.Event) -> Iterator[Frame]:
            yield Frame(self.address, 0, 0.0, flat(0))
            assert held.started.wait(DEADLINE)
            for number in range(1, 100):
                yield Frame(self.address, number, 0.0, flat(number))
            held.go_on.set()

    totals = Pipeline(lanes(Camera()), held, [memory], stop=threading.Event()).run()
    judged = frames_of(memory, "camera:")
    # While frame 0 was judged one was prepared; of all others the newest alone was kept.
    assert judged[0] == 0
    assert judged[-1] == 99
    assert len(judged) <= 3
    assert totals.dropped == {"camera:": 100 - len(judged)}


def test_few_frames_are_held_while_a_slow_classifier_judges() -> None:
    held, source = Held(), Counting(1000)
    stop = threading.Event()
    running = threading.Thread(target=Pipeline(lanes(source), held, [], stop=stop).run)
    running.start()
    assert held.started.wait(DEADLINE)
    # One is judged, one prepared, HELD wait, one is in the sensing thread's hand.
    eventually(lambda: source.given == HELD + 3, "the buffer is full")
    stop.set()
    held.go_on.set()
    running.join(DEADLINE)
    assert not running.is_alive()
    assert source.given == HELD + 3


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
    source = Given(Frame("given:", 0, 100.0, flat(1), taken=5.0))
    Pipeline(lanes(source), brightness(), [memory], stop=threading.Event(), now=lambda: 50.0, clock=lambda: 5.75).run()
    (result,) = predictions(memory)
    assert (result.captured_at, result.age) == (100.0, 0.75)  # whatever the wall clock says


def test_frames_of_a_dead_camera_are_counted_told_once_and_never_labelled() -> None:
    class Frozen:
        def look(self, frame: Frame, pixels: NDArray[np.uint8]) -> Literal["live", "frozen", "black"]:
            return "frozen" if 2 <= frame.number < 5 else "live"

    memory, source = MemorySink(), Given(*(Frame("given:", number, 0.0, flat(1)) for number in range(7)))
    source.live = True
    source.patient = True
    running = Pipeline([Lane(source, monitor=Frozen())], brightness(), [memory], stop=threading.Event())
    source.judged = lambda: running.board.snapshot().predictions + running.board.snapshot().rejections
    totals = running.run()
    assert frames_of(memory, "given:") == [0, 1, 5, 6]
    assert changes(memory) == [("live", ""), ("frozen", ""), ("live", "")]
    assert totals.rejections == 3
    assert running.board.snapshot().sources[0].rejections == {"frozen": 3}


def test_a_frame_that_is_too_old_is_stale_and_never_labelled() -> None:
    memory, source = MemorySink(), Given(Frame("given:", 0, 0.0, flat(1), taken=0.0))
    source.live = True
    totals = Pipeline(lanes(source), brightness(), [memory], stop=threading.Event(), clock=lambda: 6.0).run()
    assert (totals.predictions, totals.rejections) == (0, 1)
    assert changes(memory) == [("stale", "its frames are 6.0 s old when they could be judged")]


def test_what_a_source_says_of_itself_is_told_once() -> None:
    memory = MemorySink()
    lost = Notice("lost", "unplugged")
    pipeline([Given(lost, lost, Frame("given:", 0, 0.0, flat(1)), Frame("given:", 1, 0.0, flat(1)))], memory).run()
    assert changes(memory) == [("lost", "unplugged"), ("live", "")]
    assert frames_of(memory, "given:") == [0, 1]


def test_where_nothing_moves_nothing_is_judged_and_it_is_counted() -> None:
    class Shut:
        def passes(self, pixels: NDArray[np.uint8], at: float) -> bool:
            return bool(pixels.max() > 100)

    memory = MemorySink()
    source = Given(*(Frame("given:", number, 0.0, flat(50 * number)) for number in range(5)))
    running = Pipeline([Lane(source, gate=Shut())], brightness(), [memory], stop=threading.Event())
    running.run()
    assert frames_of(memory, "given:") == [3, 4]
    assert running.board.snapshot().sources[0].still == 3


def test_events_follow_the_prediction_that_made_them_sure() -> None:
    class Third:
        def update(self, prediction: Prediction, at: float) -> Event | None:
            if prediction.frame != 2:
                return None
            return Event(prediction.source, 2, 0.0, "bright", 1.0, None, None, prediction.identity)

    memory = MemorySink()
    running = Pipeline([Lane(Counting(4), smoother=Third())], brightness(), [memory], stop=threading.Event())
    running.run()
    assert [type(result).__name__ for result in memory.results] == [*["Prediction"] * 3, "Event", "Prediction"]
    event = running.board.snapshot().sources[0].event
    assert event is not None
    assert event.label == "bright"


def test_a_successor_takes_over_between_two_frames_also_with_another_preprocessing() -> None:
    memory = MemorySink()
    large = ModelSpec(("dark", "bright"), PreprocessingSpec((4, 4)))
    identity = dataclasses.replace(IDENTITY, version="2.0")
    successor = BundleClassifier(Brightness((1, 4, 4, 3)), large, identity)
    offered = [None, None, successor]
    running = Pipeline(
        lanes(Counting(20)),
        brightness(),
        [memory],
        stop=threading.Event(),
        successor=lambda: offered.pop(0) if offered else None,
    )
    assert running.run().predictions == 20
    versions = [result.identity.version for result in predictions(memory)]
    assert versions == sorted(versions)
    assert set(versions) == {"1.0", "2.0"}
    assert running.board.snapshot().identity == identity


def test_a_threshold_makes_weak_predictions_unknown() -> None:
    memory = MemorySink()
    source = ReplaySource([flat(0), flat(128)])
    pipeline([source], memory, rules=Rules(threshold=0.9)).run()
    assert [result.label for result in predictions(memory)] == ["dark", "unknown"]


def test_a_region_of_the_picture_is_what_counts() -> None:
    memory, picture = MemorySink(), np.concatenate([flat(0, (8, 4)), flat(255, (8, 4))], axis=1)
    half = Lane(ReplaySource([picture]), region=Region(left=0.5))
    pipeline = Pipeline([half], brightness(), [memory], stop=threading.Event())
    pipeline.run()
    assert predictions(memory)[0].best[0] == ("bright", 1.0)
    assert pipeline.board.snapshot().sources[0].region == half.region


def test_a_sink_that_hangs_keeps_no_live_frame_waiting_and_not_the_end_either() -> None:
    stop, hanging = threading.Event(), threading.Event()

    class Hanging(MemorySink):
        vital = False

        def take(self, result: Result, frame: Frame | None = None) -> None:
            hanging.wait(DEADLINE)

    memory = MemorySink()
    camera = ReplaySource([flat(1)], fps=1000, rounds=0)
    running = pipeline([camera], Hanging(), memory, stop=stop)
    thread = threading.Thread(target=running.run)
    thread.start()
    eventually(lambda: len(memory.results) > 100, "the other sink is told")
    stop.set()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert running.board.snapshot().sinks[0].dropped > 0
    hanging.set()
