import dataclasses
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.captures.capture import Part
from edge_runtime.captures.ring import Limits, Ring
from edge_runtime.captures.sink import CaptureSink
from edge_runtime.captures.wanted import Wanted
from edge_runtime.classifier import Classifier, Judgement
from edge_runtime.errors import SinkError
from edge_runtime.events.smoothing import EventSmoother, Smoothing
from edge_runtime.pipeline.lane import Lane
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.preprocess import Region
from edge_runtime.result import Event, Prediction, Rejection, Result, SourceChange
from edge_runtime.sources import Frame, Picture
from edge_runtime.sources.replay import ReplaySource
from tests.edge_runtime.captures.kept import keep, picture
from tests.edge_runtime.samples import IDENTITY, SPEC, brightness, flat, save

SURE, UNSURE = (("bright", 0.9), ("dark", 0.1)), (("bright", 0.52), ("dark", 0.48))
ONLY_UNCERTAIN = Wanted(random=0, rate=0)
LIMITS = Limits()


def shot(
    number: int, best: tuple[tuple[str, float], ...] = UNSURE, picture: Picture | None = None, source: str = "camera:"
) -> tuple[Prediction, Frame]:
    """A prediction and its frame; one a second."""
    frame = Frame(source, number, 1e9 + number, flat(number) if picture is None else picture, taken=float(number))
    return Prediction(source, frame.path, number, frame.captured_at, best, IDENTITY, 0.001, 0.1), frame


def event(label: str, source: str = "camera:") -> Event:
    return Event(source, 0, 1e9, label, 0.9, None, None, IDENTITY)


class Other:
    """A second classifier that always says the same; counts how often it was asked and keeps what it saw."""

    labels, preprocessing, threshold = SPEC.labels, SPEC.preprocessing, 0.0
    identity = dataclasses.replace(IDENTITY, variant="full_int8.tflite")

    def __init__(self, bright: float) -> None:
        self._scores = np.array([1 - bright, bright], np.float32)
        self.seen: list[NDArray[np.uint8]] = []

    def classify(self, pixels: NDArray[np.uint8]) -> Judgement:
        self.seen.append(pixels)
        return Judgement(self._scores, 0.0)


def sink_for(
    directory: Path, wanted: Wanted = ONLY_UNCERTAIN, second: Classifier | None = None, limits: Limits = LIMITS
) -> CaptureSink:
    return CaptureSink(Ring(directory, limits), wanted, second, chance=lambda: 0.5)


def test_an_uncertain_frame_is_kept_with_all_that_is_known_and_a_sure_one_is_not(tmp_path: Path) -> None:
    with sink_for(tmp_path / "ring") as sink:
        for number, best in enumerate((SURE, UNSURE, SURE)):
            sink.take(*shot(number, best))
    (kept,) = sink.ring.list()
    facts = kept.facts
    assert (facts.source, facts.frame, facts.captured_at, facts.path) == ("camera:", 1, 1e9 + 1, None)
    assert (facts.label, facts.score, facts.best) == ("bright", 0.52, UNSURE)
    assert dataclasses.asdict(facts.model) == dataclasses.asdict(IDENTITY)
    assert (facts.reason, facts.detail, facts.part) == ("uncertain", "0.040 between the best two scores", None)


def test_a_file_is_copied_and_its_path_kept(tmp_path: Path) -> None:
    path = save(tmp_path / "사진" / "a.png")
    with sink_for(tmp_path / "ring") as sink:
        sink.take(*shot(1, picture=path))
    (kept,) = sink.ring.list()
    assert sink.ring.picture(kept.id) == path.read_bytes()
    assert kept.facts.path == str(path)


def test_a_name_that_is_not_utf8_is_no_obstacle(tmp_path: Path) -> None:
    path = Path(save(tmp_path / "x.png")).rename(tmp_path / "\udcff.png")
    with sink_for(tmp_path / "ring") as sink:
        sink.take(*shot(1, picture=path))
    assert (sink.ring.list()[0].facts.path or "").endswith("\\udcff.png")


def test_a_label_other_than_the_last_event_of_its_source_is_kept(tmp_path: Path) -> None:
    with sink_for(tmp_path) as sink:
        sink.take(*shot(1, SURE))
        sink.take(event("dark", "another:"), None)
        sink.take(*shot(2, SURE))
        sink.take(event("dark"), shot(2, SURE)[1])
        sink.take(*shot(3, SURE))
        sink.take(event("bright"), None)
        sink.take(*shot(4, SURE))
    assert [(capture.facts.frame, capture.reason) for capture in sink.ring.list()] == [(3, "disagreeing")]


def test_chance_keeps_its_share(tmp_path: Path) -> None:
    numbers = iter([0.2, 0.04, 0.06, 0.01])
    with CaptureSink(Ring(tmp_path), Wanted(random=0.05, rate=0), chance=lambda: next(numbers)) as sink:
        for number in range(4):
            sink.take(*shot(number, SURE))
    assert [(capture.facts.frame, capture.reason) for capture in sink.ring.list()] == [(3, "random"), (1, "random")]


def test_an_uncertain_scene_before_a_camera_does_not_fill_the_ring(tmp_path: Path) -> None:
    with sink_for(tmp_path, Wanted(rate=6)) as sink:
        for number in range(100):  # seconds
            for source in ("camera:a", "camera:b"):
                array = np.full((2, 2, 3), number + 100 * (source == "camera:b"), np.uint8)
                sink.take(*shot(number, picture=array, source=source))
    kept = sink.ring.list()
    assert [capture.facts.frame for capture in kept if capture.source == "camera:a"] == list(range(90, -1, -10))
    assert [capture.facts.frame for capture in kept if capture.source == "camera:b"] == list(range(90, -1, -10))


def test_a_picture_that_is_there_already_takes_no_place_in_the_rate(tmp_path: Path) -> None:
    with sink_for(tmp_path, Wanted(rate=6)) as sink:
        sink.take(*shot(0))
        sink.take(*shot(10, picture=flat(0)))
        sink.take(*shot(11))
    assert [capture.facts.frame for capture in sink.ring.list()] == [11, 0]


def test_a_second_classifier_that_says_otherwise_makes_a_frame_wanted(tmp_path: Path) -> None:
    second = Other(bright=0.2)
    with sink_for(tmp_path, second=second) as sink:
        for number in range(3):
            sink.take(*shot(number, SURE))
    assert [capture.facts.detail for capture in sink.ring.list()] == ["full_int8.tflite says 'dark'"] * 3
    agreeing = sink_for(tmp_path / "other", second=Other(bright=0.8))
    agreeing.take(*shot(1, SURE))
    assert agreeing.ring.list() == []


def test_a_second_classifier_sees_a_frame_a_second_and_what_the_first_was_shown(tmp_path: Path) -> None:
    second, half = Other(bright=0.8), np.concatenate([flat(0, (4, 2)), flat(200, (4, 2))], axis=1)
    sink = CaptureSink(Ring(tmp_path), ONLY_UNCERTAIN, second, {"camera:": Region(left=0.5)}, chance=lambda: 0.5)
    for number in range(30):
        prediction, frame = shot(number, SURE, half)
        sink.take(prediction, dataclasses.replace(frame, taken=number / 10))
    assert len(second.seen) == 3
    assert all((pixels == 200).all() for pixels in second.seen)


def test_the_region_that_the_model_was_shown_is_kept(tmp_path: Path) -> None:
    sink = CaptureSink(Ring(tmp_path), ONLY_UNCERTAIN, regions={"camera:": Region(0.25, 0, 0.75, 1)})
    sink.take(*shot(1))
    assert sink.ring.list()[0].facts.part == Part(0.25, 0, 0.75, 1)


@pytest.mark.parametrize(
    "result",
    [Rejection("camera:", None, 1, 1e9, "unreadable"), SourceChange("camera:", 1e9, "lost"), shot(1)[0]],
)
def test_what_is_no_prediction_with_a_frame_is_not_kept(result: Result, tmp_path: Path) -> None:
    with sink_for(tmp_path) as sink:
        sink.take(result, shot(1)[1] if isinstance(result, Rejection) else None)
    assert sink.ring.list() == []


def test_a_full_ring_is_told_until_it_takes_something_again(tmp_path: Path) -> None:
    sink = sink_for(tmp_path, limits=Limits(count=1))
    kept = keep(sink.ring, 1)
    sink.ring.give_label(kept.id, "bright")
    for number, best in enumerate((UNSURE, SURE, SURE)):
        with pytest.raises(SinkError, match="labelled and not exported"):
            sink.take(*shot(number, best))
    sink.ring.remove(kept.id)
    sink.take(*shot(3, UNSURE))
    sink.take(*shot(4, SURE))
    assert [capture.facts.frame for capture in sink.ring.list()] == [3]


def test_a_full_disk_is_not_tried_with_every_frame(tmp_path: Path) -> None:
    sink = sink_for(tmp_path, Wanted(rate=6), limits=Limits(count=1))
    sink.ring.give_label(keep(sink.ring, 1).id, "bright")
    for number in range(5):
        with pytest.raises(SinkError):
            sink.take(*shot(number))
    sink.ring.remove(sink.ring.list()[0].id)
    with pytest.raises(SinkError):
        sink.take(*shot(9))
    sink.take(*shot(10))


def test_a_file_that_has_gone_since_it_was_judged_is_an_error_and_the_next_is_kept(tmp_path: Path) -> None:
    sink = sink_for(tmp_path / "ring")
    with pytest.raises(SinkError, match=r"gone\.png: No such file or directory"):
        sink.take(*shot(1, picture=tmp_path / "gone.png"))
    sink.take(*shot(2))
    assert len(sink.ring.list()) == 1


def test_a_ring_that_cannot_be_made_fails_when_it_is_entered(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SinkError, match=f"captures:{tmp_path}/file/ring: cannot be written"):
        sink_for(tmp_path / "file" / "ring").__enter__()


def test_in_a_pipeline_the_frames_between_two_labels_are_kept(tmp_path: Path) -> None:
    source = ReplaySource([flat(value) for value in (0, 10, 120, 130, 250, 255)])
    sink = sink_for(tmp_path)
    lane = Lane(source, smoother=EventSmoother(Smoothing(window=0, hold=0, frames=2)))
    Pipeline([lane], brightness(), [sink], stop=threading.Event()).run()
    # 2 and 3 are uncertain; dark was told, and bright became sure with 4, whose prediction was told before the event
    assert [(capture.facts.frame, capture.reason) for capture in sink.ring.list()] == [
        (4, "disagreeing"),
        (3, "uncertain"),
        (2, "uncertain"),
    ]


def test_content_of_a_camera_is_kept_as_it_came(tmp_path: Path) -> None:
    content = picture(1, (40, 30), "JPEG")
    sink = sink_for(tmp_path)
    sink.take(*shot(1, picture=content))
    (kept,) = sink.ring.list()
    assert (sink.ring.picture(kept.id), kept.media_type) == (content, "image/jpeg")
