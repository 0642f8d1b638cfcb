import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_runtime.errors import SinkError
from edge_runtime.result import Event, Prediction
from edge_runtime.sinks.places import VideoAddress
from edge_runtime.sinks.video import VideoSink
from edge_runtime.sinks.worker import Worker
from edge_runtime.sources import Frame
from tests.edge_runtime.samples import flat, in_a_process
from tests.edge_runtime.sinks.results import AT, DOOR, event, prediction


def sink_at(path: Path, size: int = 2**30, keep: int = 3) -> VideoSink:
    return VideoSink(VideoAddress(f"video:{path}", path, fps=10, size=size, keep=keep))


def take(sink: VideoSink, result: Prediction | Event, value: int = 99, size: tuple[int, int] = (240, 320)) -> None:
    sink.take(result, Frame(result.source, result.frame, AT, flat(value, size)))


def frames(path: Path) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    video = cv2.VideoCapture(str(path))
    found: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]] = []
    while True:
        there, frame = video.read()
        if not there:
            video.release()
            return found
        found.append(np.asarray(frame, np.uint8))


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_video_holds_every_frame_with_words_below(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new" / f"day{suffix}"
    with sink_at(path) as sink:
        for number in range(10):
            take(sink, prediction(number), 20 * number)
        take(sink, event(10), 200)
    found = frames(path)
    assert len(found) == 11
    for number, frame in enumerate(found[:10]):
        assert abs(int(frame[100, 100, 0]) - 20 * number) < 12  # as the codecs have it
        assert frame.shape[0] > 280
        assert frame[250:].std() > 10


def test_red_is_red(tmp_path: Path) -> None:
    with sink_at(tmp_path / "day.avi") as sink:
        red = np.zeros((240, 320, 3), np.uint8)
        red[..., 0] = 255
        sink.take(prediction(), Frame(DOOR, 1, AT, red))
    blue, green, red_found = frames(tmp_path / "day.avi")[0][100, 100]
    assert red_found > 200
    assert max(blue, green) < 60


def test_frames_of_another_shape_are_fitted_into_the_first(tmp_path: Path) -> None:
    with sink_at(tmp_path / "day.avi") as sink:
        for size in ((241, 321), (480, 640), (100, 900), (900, 100)):
            take(sink, prediction(), size=size)
    found = frames(tmp_path / "day.avi")
    assert len(found) == 4
    assert len({frame.shape for frame in found}) == 1


def test_an_earlier_video_is_kept_and_the_oldest_goes(tmp_path: Path) -> None:
    for life in range(4):
        with sink_at(tmp_path / "day.avi", keep=2) as sink:
            for _ in range(life + 1):
                take(sink, prediction())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["day.1.avi", "day.2.avi", "day.avi"]
    assert [len(frames(tmp_path / name)) for name in ("day.avi", "day.1.avi", "day.2.avi")] == [4, 3, 2]


def test_a_video_that_is_large_enough_makes_room_for_another(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    with sink_at(tmp_path / "day.avi", size=200_000, keep=2) as sink:
        for number in range(60):
            sink.take(prediction(number), Frame(DOOR, number, AT, noise))
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["day.1.avi", "day.2.avi", "day.avi"]
    assert all(path.stat().st_size < 500_000 for path in files)
    assert all(frames(path) for path in files)


def test_nothing_to_draw_makes_no_file(tmp_path: Path) -> None:
    with sink_at(tmp_path / "day.mp4") as sink, pytest.raises(SinkError, match="faster than they can be drawn"):
        sink.take(prediction(), None)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_a_readable_avi(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from tests.edge_runtime.sinks.test_video import sink_at, take, prediction
sink = sink_at(Path(sys.argv[1]))
sink.__enter__()
for number in range(300):
    take(sink, prediction(number), number % 256)
os._exit(9)
"""
    assert in_a_process(code, tmp_path / "day.avi").returncode == 9
    assert len(frames(tmp_path / "day.avi")) > 100


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match=r"cannot be written: /.*/file is a file, where a directory is wanted"):
        sink_at(tmp_path / "file" / "day.mp4").__enter__()


def test_without_opencv_it_is_said_at_the_start_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(SinkError, match=r"video needs OpenCV, .*edge-runtime\[camera\].*; pictures:DIR needs none"):
        sink_at(tmp_path / "day.mp4").__enter__()


def test_every_frame_of_a_file_is_in_the_video_however_fast_it_is_judged(tmp_path: Path) -> None:
    worker = Worker(sink_at(tmp_path / "day.avi"), lambda error: None)
    worker.start()
    for number in range(40):
        worker.offer(prediction(number), Frame(DOOR, number, AT, flat(number, (240, 320))), True)
    worker.finish(None)
    assert len(frames(tmp_path / "day.avi")) == 40
    assert worker.status().failed == 0
