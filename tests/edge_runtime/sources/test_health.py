import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.pipeline.lane import Lane
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.preprocess import preprocess
from edge_runtime.result import Prediction, SourceChange
from edge_runtime.sinks.memory import MemorySink
from edge_runtime.sources import Frame, Picture
from edge_runtime.sources.health import FROZEN_AFTER, FrameHealth, is_black
from edge_runtime.sources.open import open_source
from tests.edge_runtime.samples import DEADLINE, brightness, eventually, flat
from tests.edge_runtime.sources.mjpeg import Mjpeg, jpeg

SEEN = flat(100, (28, 28))


def look(health: FrameHealth, *shots: tuple[float, Picture], pixels: NDArray[np.uint8] = SEEN) -> list[str]:
    return [health.look(Frame("camera", 0, 0.0, picture, taken), pixels) for taken, picture in shots]


def noisy(seed: int) -> NDArray[np.uint8]:
    """The same scene once more, by a sensor that has noise."""
    noise = np.random.default_rng(seed).normal(0, 1, (480, 640, 3))
    return np.clip(100 + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("picture", [b"the same", flat(100, (480, 640)), flat(100), Path("a.png")])
def test_the_very_same_picture_for_ten_seconds_is_frozen(picture: Picture) -> None:
    health = FrameHealth()
    shots = [(100.0 + seconds, picture) for seconds in (0, 5, 9.9, 10, 11)]
    assert look(health, *shots) == ["live", "live", "live", "frozen", "frozen"]


def test_it_recovers_by_itself() -> None:
    health = FrameHealth()
    assert look(health, *[(seconds, b"a") for seconds in (0, 5, 10)])[-1] == "frozen"
    assert look(health, (10.1, b"b"), (15.0, b"b"), (20.0, b"b")) == ["live"] * 3
    assert look(health, (20.2, b"b")) == ["frozen"]


def test_two_are_not_enough_however_far_apart() -> None:
    assert look(FrameHealth(), (0, b"a"), (60, b"a"), (120, b"a")) == ["live", "live", "frozen"]


def test_a_sensors_noise_is_life() -> None:
    health = FrameHealth()
    assert set(look(health, *[(float(second), noisy(second)) for second in range(20)])) == {"live"}


def test_pictures_that_differ_in_size_alone_are_two() -> None:
    health = FrameHealth()
    assert look(health, (0, flat(9, (64, 32))), (9, flat(9, (64, 32))), (11, flat(9, (32, 64)))) == ["live"] * 3


def test_a_clock_that_is_wanted_to_be_patient_is() -> None:
    shots = [(float(second), b"a") for second in range(60)]
    assert set(look(FrameHealth(frozen_after=float("inf")), *shots)) == {"live"}


@given(st.lists(st.tuples(st.floats(0, FROZEN_AFTER), st.sampled_from([b"a", b"b"])), max_size=50))
def test_what_never_stayed_the_same_for_so_long_is_never_frozen(steps: list[tuple[float, bytes]]) -> None:
    health, at, since, last = FrameHealth(), 0.0, 0.0, b""
    for pause, picture in steps:
        at += pause
        since = since if picture == last else at
        last = picture
        (state,) = look(health, (at, picture))
        assert state == "live" or at - since >= FROZEN_AFTER


def test_a_covered_lens_is_black_with_its_noise_and_live_when_it_is_uncovered() -> None:
    spec, generator, health = PreprocessingSpec((224, 224)), np.random.default_rng(0), FrameHealth()
    for sigma in (0, 4, 12, 20):
        covered = np.clip(generator.normal(6, sigma, (480, 640, 3)), 0, 255).astype(np.uint8)
        assert look(health, (0, covered), pixels=preprocess(covered, spec)) == ["black"]
    assert look(health, (0, noisy(0)), pixels=preprocess(noisy(0), spec)) == ["live"]


def test_black_that_never_changes_is_black() -> None:
    shots = [(float(second), flat(0)) for second in range(20)]
    assert set(look(FrameHealth(), *shots, pixels=flat(0))) == {"black"}


def lamp(rows: int) -> NDArray[np.uint8]:
    pixels = np.zeros((224, 224, 3), np.uint8)
    pixels[:rows, :8] = 255
    return pixels


@pytest.mark.parametrize(
    ("pixels", "black"),
    [
        (flat(0, (28, 28)), True),
        (flat(16, (28, 28)), True),  # how a decoder that mistakes the levels shows black
        (flat(17, (28, 28)), False),
        (flat(255, (28, 28)), False),
        (lamp(8), False),  # one light in the night, 8 × 8 of 224 × 224 pixels: spread 9.1
        (lamp(1), True),
    ],
)
def test_black_is_dark_with_nothing_that_stands_out(pixels: NDArray[np.uint8], black: bool) -> None:
    assert is_black(pixels) == black


@given(st.integers(0, 2**32 - 1), st.floats(0, 60), st.floats(0, 12))
def test_the_short_way_to_not_black_agrees_with_the_long_one(seed: int, mean: float, spread: float) -> None:
    pixels = np.clip(np.random.default_rng(seed).normal(mean, spread, (30, 9, 3)), 0, 255).astype(np.uint8)
    pixels[::8] = np.minimum(pixels[::8].astype(int) + seed % 90, 255).astype(np.uint8)
    assert is_black(pixels) == (pixels.mean() <= 16 and pixels.std() <= 5)


def test_the_limits_can_be_set_and_black_switched_off() -> None:
    assert not is_black(flat(0), mean=-1)
    assert is_black(flat(40), mean=40)
    assert look(FrameHealth(black_mean=-1), (0, b"a"), pixels=flat(0)) == ["live"]


def test_a_camera_that_freezes_and_is_covered_is_told_as_such_counted_and_not_labelled() -> None:
    noise = [jpeg(noisy(seed)[:48, :64]) for seed in range(5)]
    stop, memory = threading.Event(), MemorySink()
    with Mjpeg(noise) as server, ThreadPoolExecutor(1) as pool:
        source = open_source(server.address("/live"))
        lane = Lane(source, monitor=FrameHealth(frozen_after=0.3))
        pipeline = Pipeline([lane], brightness(), [memory], stop=stop)
        running = pool.submit(pipeline.run)

        def becomes(state: str) -> None:
            eventually(lambda: pipeline.board.snapshot().sources[0].state == state, state)

        try:
            becomes("live")
            server.pictures = noise[:1]
            becomes("frozen")
            server.pictures = [jpeg(flat(0, (48, 64)))]
            becomes("black")
            server.pictures = noise
            becomes("live")
        finally:
            stop.set()
        running.result(DEADLINE)
    states = [result.state for result in memory.results if isinstance(result, SourceChange)]
    assert states == ["live", "frozen", "black", "live"]
    rejections = pipeline.board.snapshot().sources[0].rejections
    assert min(rejections["frozen"], rejections["black"]) > 0
    told = [result.state if isinstance(result, SourceChange) else type(result) for result in memory.results]
    assert Prediction not in told[told.index("frozen") : len(told) - told[::-1].index("live")]
