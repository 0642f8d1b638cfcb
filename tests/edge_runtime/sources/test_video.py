"""Videos that OpenCV has written are read by OpenCV, in the capture process."""

import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_runtime.errors import SourceError
from edge_runtime.pipeline.lane import Lane
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.sinks.memory import MemorySink
from edge_runtime.sources.open import open_source
from edge_runtime.sources.video import VideoSource
from tests.edge_runtime.samples import brightness
from tests.edge_runtime.sources.taking import SOON, Taker, all_of, some

FRAMES = 40
CODECS = {".avi": "MJPG", ".mp4": "mp4v", ".mkv": "mp4v", ".mov": "mp4v"}


def film(path: Path, frames: int = FRAMES) -> Path:
    """Writes a video of which every frame is brighter than the last, and red in the upper half."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*CODECS[path.suffix]), 25, (64, 48))
    assert writer.isOpened()
    for number in range(frames):
        picture = np.full((48, 64, 3), 5 * number, np.uint8)
        picture[:24] = (0, 0, 255)
        writer.write(picture)
    writer.release()
    return path


@pytest.mark.parametrize("suffix", CODECS)
def test_every_frame_of_a_video_comes_in_order_and_in_its_colours(suffix: str, tmp_path: Path) -> None:
    path = film(tmp_path / f"a film{suffix}")
    source = open_source(str(path))
    assert isinstance(source, VideoSource)
    assert not source.live
    frames = all_of(source)
    assert [frame.number for frame in frames] == list(range(FRAMES))
    for frame in frames:
        assert isinstance(frame.picture, np.ndarray)
        assert abs(int(frame.picture[40, 32].mean()) - 5 * frame.number) < 12  # the codec's rounding
        red, green, blue = frame.picture[8, 32]
        assert red > 200
        assert max(green, blue) < 60
    assert {frame.source for frame in frames} == {str(path)}
    assert [frame.played for frame in frames] == pytest.approx([number / 25 for number in range(FRAMES)], abs=0.002)


def test_nothing_is_dropped_though_the_judging_is_slower_than_the_reading(tmp_path: Path) -> None:
    memory = MemorySink()
    source = open_source(str(film(tmp_path / "a.avi")))
    totals = Pipeline([Lane(source)], brightness(), [memory], stop=threading.Event()).run()
    assert totals.predictions == FRAMES
    assert totals.dropped == {}


def test_with_a_pace_it_is_live_and_takes_its_time(tmp_path: Path) -> None:
    source = open_source(f"{film(tmp_path / 'a.avi', 5)}?fps=50")
    assert source.live
    assert source.address.endswith("a.avi?fps=50")
    start = time.monotonic()
    assert len(all_of(source)) == 5
    assert time.monotonic() - start >= 5 / 50 - 0.001  # never faster; how much slower is the machine's affair


def test_a_stop_ends_it_soon(tmp_path: Path) -> None:
    with Taker(open_source(f"{film(tmp_path / 'a.avi')}?fps=0.001")) as taker:
        start = time.monotonic()
    assert time.monotonic() - start < SOON
    assert taker.items == []
    assert len(some(open_source(str(tmp_path / "a.avi")), 3)) == 3


@pytest.mark.parametrize("content", [b"", b"no video" * 1000])
def test_what_is_no_video_is_told_by_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with Taker(open_source(str(path))) as taker:
        assert str(taker.ended()) == f"{path}: OpenCV cannot read it as a video"
    assert isinstance(taker.failure, SourceError)


def test_a_video_that_breaks_off_gives_what_there_is(tmp_path: Path) -> None:
    whole = film(tmp_path / "a.avi").read_bytes()
    (tmp_path / "half.avi").write_bytes(whole[: len(whole) // 2])
    assert 0 < len(all_of(open_source(str(tmp_path / "half.avi")))) < FRAMES
