import io
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import sklearn.datasets
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.closing import NothingToClose
from edge_runtime.errors import FieldError
from edge_runtime.events.motion import Motion, MotionGate, cells
from edge_runtime.events.smoothing import EventSmoother
from edge_runtime.pipeline.lane import Lane
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.preprocess import Pixels, preprocess
from edge_runtime.result import Event, Prediction
from edge_runtime.sinks.memory import MemorySink
from edge_runtime.sources import Frame
from tests.edge_runtime.samples import brightness, flat

SIZES = (28, 96, 224)
QUIET = Motion(at_least_every=1e6, linger=0.0)


@pytest.fixture(scope="module")
def photographs() -> list[Pixels]:
    return [np.asarray(image) for image in sklearn.datasets.load_sample_images().images]


def shot(picture: Pixels, size: int, random: np.random.Generator, sigma: float = 10, quality: int = 75) -> Pixels:
    """What the model sees of a scene that a noisy camera took and a JPEG encoder made small."""
    noisy = (
        picture + random.normal(0, sigma, picture.shape) + random.normal(0, sigma / 12, picture.shape) * picture**0.5
    )
    file = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return preprocess(file.getvalue(), PreprocessingSpec((size, size)))


def with_a_square(picture: Pixels, share: float, random: np.random.Generator) -> Pixels:
    """Something of this share of the picture's area has come, 60 levels brighter or darker than what was there."""
    changed = picture.astype(np.int64)
    side = round((share * picture.shape[0] * picture.shape[1]) ** 0.5)
    top, left = random.integers(0, picture.shape[0] - side), random.integers(0, picture.shape[1] - side)
    patch = changed[top : top + side, left : left + side]
    patch += 60 if patch.mean() < 128 else -60
    return changed.clip(0, 255).astype(np.uint8)


class Given(NothingToClose):
    address, live = "given:", False

    def __init__(self, frames: list[Frame]) -> None:
        self._frames = frames

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        yield from self._frames


def passed(gate: MotionGate, frames: list[Pixels], start: float = 0.0, fps: float = 10) -> list[int]:
    return [number for number, frame in enumerate(frames) if gate.passes(frame, start + number / fps)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("sigma", "quality"), [(10, 75), (20, 50)])
def test_a_noisy_camera_before_a_still_scene_passes_its_first_frame_alone(
    size: int, sigma: float, quality: int, photographs: list[Pixels]
) -> None:
    random = np.random.default_rng(0)
    for photograph in photographs:
        frames = [shot(photograph, size, random, sigma, quality) for _ in range(4)]
        assert passed(MotionGate(QUIET), frames) == [0]


@pytest.mark.parametrize("size", SIZES)
def test_something_of_one_hundredth_of_the_picture_is_a_movement_anywhere(size: int, photographs: list[Pixels]) -> None:
    random = np.random.default_rng(0)
    for photograph in photographs:
        still = [shot(photograph, size, random) for _ in range(2)]
        for _ in range(5):
            moved = shot(with_a_square(photograph, 0.01, random), size, random)
            assert passed(MotionGate(QUIET), [*still, moved]) == [0, 2]


def test_the_more_sensitive_the_less_it_takes() -> None:
    limits = [Motion(sensitivity=sensitivity).limit for sensitivity in (0, 0.25, 0.5, 0.75, 1)]
    assert limits == pytest.approx([16, 8, 4, 2, 1])
    for limit, sensitivity in zip((16, 4, 1), (0, 0.5, 1), strict=True):
        gate = MotionGate(Motion(sensitivity, at_least_every=1e6, linger=0.0, light=1e9))
        assert gate.passes(flat(100), 0)
        assert not gate.passes(flat(100 + limit - 1), 1)
        assert gate.passes(flat(100 + limit), 2)


def test_a_light_that_is_switched_is_a_movement_and_one_that_fades_is_none() -> None:
    assert passed(MotionGate(QUIET), [flat(200)] * 10 + [flat(150)] * 10) == [0, 10]
    dusk = [flat(200 - number // 50) for number in range(6000)]  # 120 levels in ten minutes
    assert passed(MotionGate(QUIET), dusk) == [0]


def test_each_frame_of_a_movement_is_compared_with_the_last_judged_one() -> None:
    assert passed(MotionGate(QUIET), [flat(value) for value in (0, 50, 50, 100, 100, 100, 0)]) == [0, 1, 3, 6]


def test_something_is_judged_now_and_then_also_when_nothing_moves() -> None:
    gate = MotionGate(Motion(at_least_every=3.0))
    assert passed(gate, [flat(100)] * 100) == [0, 30, 60, 90]


def test_frames_go_on_to_pass_for_a_while_after_a_movement() -> None:
    gate = MotionGate(Motion(at_least_every=1e6, linger=0.5))
    assert passed(gate, [flat(0)] * 10 + [flat(100)] * 20) == [0, *range(10, 16)]


def test_another_models_pixels_are_not_compared() -> None:
    gate = MotionGate(QUIET)
    assert gate.passes(flat(100, (28, 28)), 0)
    assert gate.passes(flat(100, (32, 32)), 0.1)
    assert not gate.passes(flat(100, (32, 32)), 0.2)


def test_a_movement_passes_for_long_enough_that_a_smoothing_is_sure_of_what_it_brought() -> None:
    """A lamp is switched on and off; in between nothing moves for a minute, and few frames are judged."""
    memory = MemorySink()
    scenes = [flat(250 if number // 600 % 2 else 5) for number in range(1800)]
    frames = [Frame("given:", number, 1e9, scene, taken=number / 10) for number, scene in enumerate(scenes)]
    lane = Lane(Given(frames), gate=MotionGate(), smoother=EventSmoother())
    Pipeline([lane], brightness(), [memory], stop=threading.Event()).run()
    events = [result for result in memory.results if isinstance(result, Event)]
    assert [event.label for event in events] == ["dark", "bright", "dark"]
    assert [event.frame // 10 for event in events[1:]] == [60, 120]  # within a second
    judged = sum(isinstance(result, Prediction) for result in memory.results)
    assert judged < 1800 / 15


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 255)), min_size=1))
def test_no_more_than_the_wanted_time_goes_by_without_a_judged_frame(steps: list[tuple[float, int]]) -> None:
    gate, at, judged = MotionGate(Motion(at_least_every=5.0)), 0.0, -np.inf
    for step, value in steps:
        at += step
        if gate.passes(flat(value), at):
            judged = at
        assert at - judged < 5.0


@given(st.integers(1, 40), st.integers(1, 40))
def test_cells_are_the_means_of_their_pixels(height: int, width: int) -> None:
    pixels: NDArray[np.uint8] = np.random.default_rng(height * 41 + width).integers(
        0, 256, (height, width, 3), np.uint8
    )
    found = cells(pixels)
    assert found.shape == (min(8, height), min(8, width), 3)
    rows, columns = found.shape[:2]
    for row in range(rows):
        for column in range(columns):
            part = pixels[
                row * height // rows : (row + 1) * height // rows,
                column * width // columns : (column + 1) * width // columns,
            ]
            assert found[row, column] == pytest.approx(part.mean(axis=(0, 1)), abs=0.001)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"sensitivity": 1.1}, "sensitivity: a number from 0 to 1 expected, 1.1 found"),
        ({"sensitivity": float("nan")}, "sensitivity: a number from 0 to 1 expected, nan found"),
        ({"at_least_every": 0.0}, "at_least_every: seconds above 0 expected, 0.0 found"),
        ({"light": -1.0}, "light: seconds above 0 expected, -1.0 found"),
        ({"linger": float("inf")}, "linger: seconds from 0 expected, inf found"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(FieldError) as refused:
        Motion(**values)
    assert str(refused.value) == message
