"""Streams that a real server sends are read by the real OpenCV. Devices are tested beside, in test_devices.py."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.classifier import Judgement
from edge_runtime.errors import SourceError
from edge_runtime.pipeline import Pipeline
from edge_runtime.result import Prediction
from edge_runtime.sinks.memory import MemorySink
from edge_runtime.sources import Frame
from edge_runtime.sources.camera import StreamSource
from tests.edge_runtime.samples import IDENTITY, SPEC, brightness, eventually, flat
from tests.edge_runtime.sources.mjpeg import CREDENTIALS, SECRET, SHORT, Mjpeg, jpeg
from tests.edge_runtime.sources.rtsp import Rtsp, video

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
NEAR = 4  # JPEG's and MPEG's rounding of a plain colour
SOON = 3.0  # seconds; a source promises one and takes 0.1, but a loaded machine is no failure. SILENCE would be 5


def plain(*colour: int) -> NDArray[np.uint8]:
    return np.full((48, 64, 3), colour, np.uint8)


@pytest.fixture
def server() -> Iterator[Mjpeg]:
    with Mjpeg([jpeg(plain(*colour)) for colour in (RED, GREEN, BLUE)]) as server:
        yield server


def some(source: StreamSource, count: int) -> list[Frame]:
    stop, found = threading.Event(), []
    with source:
        for frame in source.frames(stop):
            found.append(frame)
            if len(found) == count:
                stop.set()
    return found


def seconds_to_stop(source: StreamSource, ready: threading.Event) -> float:
    """Sets `stop` once `ready` and the silence after it are there, and measures until the source is closed."""
    stop, stopped_at = threading.Event(), []

    def stopper() -> None:
        assert ready.wait(10)
        time.sleep(0.3)  # a stop while nothing happens is the claim: wait until nothing happens
        stopped_at.append(time.monotonic())
        stop.set()

    threading.Thread(target=stopper).start()
    with source:
        for _ in source.frames(stop):
            pass
    return time.monotonic() - stopped_at[0]


def test_a_stream_gives_rgb_frames_in_order(server: Mjpeg) -> None:
    source = StreamSource(server.address("/live"), now=lambda: 123.5)
    frames = some(source, 6)
    assert [frame.number for frame in frames] == list(range(6))
    assert {(frame.source, frame.captured_at) for frame in frames} == {(server.address("/live"), 123.5)}
    for frame, colour in zip(frames, (RED, GREEN, BLUE) * 2, strict=True):
        assert isinstance(frame.picture, np.ndarray)
        assert frame.picture.shape == (48, 64, 3)
        assert frame.picture.dtype == np.uint8
        assert np.abs(frame.picture.astype(int) - colour).max() <= NEAR
    assert source.live


def test_rtsp_gives_frames_and_stops_soon_after_it_fell_silent(tmp_path: Path) -> None:
    with Rtsp(video(tmp_path / "video.ts")) as server:
        source = StreamSource(server.address(CREDENTIALS))
        (first, *_) = some(source, 3)
        assert isinstance(first.picture, np.ndarray)
        assert np.abs(first.picture.astype(int) - RED).max() <= NEAR
        assert first.source == source.address == f"rtsp://***@127.0.0.1:{server.server_address[1]}/stream"

        played, stop = threading.Event(), threading.Event()
        stopped_at = []

        def stopper() -> None:
            assert played.wait(10)
            time.sleep(0.5)  # the rest of the video; then nothing more comes
            stopped_at.append(time.monotonic())
            stop.set()

        threading.Thread(target=stopper).start()
        with StreamSource(server.address(CREDENTIALS)) as silent:
            for _ in silent.frames(stop):
                played.set()
        assert time.monotonic() - stopped_at[0] < SOON


def test_the_pipeline_judges_the_newest_frame_and_counts_the_older_ones(server: Mjpeg) -> None:
    server.pictures = [jpeg(flat(0, (48, 64))), jpeg(flat(255, (48, 64)))]
    stop = threading.Event()

    class Slow:
        """Takes as long for a frame as the camera for twenty."""

        identity, labels, preprocessing = IDENTITY, SPEC.labels, SPEC.preprocessing

        def classify(self, pixels: NDArray[np.uint8]) -> Judgement:
            sent = server.sent
            eventually(lambda: server.sent >= sent + 20, "twenty frames more")
            if len(memory.results) == 3:
                stop.set()
            return brightness().classify(pixels)

    memory = MemorySink()
    source = StreamSource(server.address("/live"))
    totals = Pipeline([source], Slow(), [memory], stop=stop).run()
    numbers = [result.frame for result in memory.results]
    assert numbers == sorted(set(numbers))
    assert totals.dropped[source.address] >= 2 * 10  # of two pauses; how the rest falls is the machine's affair
    for result in memory.results:
        assert isinstance(result, Prediction)
        assert dict(result.best)["bright"] == pytest.approx(result.frame % 2, abs=0.02)


def test_a_stop_is_heard_soon_while_no_frame_comes(server: Mjpeg) -> None:
    assert seconds_to_stop(StreamSource(server.address("/hangs")), server.asked) < SOON
    assert not [thread for thread in threading.enumerate() if thread.name == "hang up"]


def test_a_stop_is_heard_soon_while_a_camera_does_not_answer(server: Mjpeg) -> None:
    assert seconds_to_stop(StreamSource(server.address("/silent")), server.asked) < SOON


def test_a_camera_that_falls_silent_is_a_failure(server: Mjpeg) -> None:
    address, start = server.address("/hangs"), time.monotonic()
    found: list[Frame] = []
    with StreamSource(address, silence=0.6) as source, pytest.raises(SourceError) as failed:
        found.extend(source.frames(threading.Event()))
    assert str(failed.value) == f"{address}: gave no frame for 0.6 s"
    assert len(found) == SHORT
    assert time.monotonic() - start < 5


def test_a_stream_that_ends_is_a_failure(server: Mjpeg) -> None:
    found: list[Frame] = []
    with (
        StreamSource(server.address("/ends")) as source,
        pytest.raises(SourceError, match=r"/ends: the stream ended, or "),
    ):
        found.extend(source.frames(threading.Event()))
    assert len(found) == SHORT


def test_a_server_that_goes_away_is_a_failure(server: Mjpeg) -> None:
    with StreamSource(server.address("/live")) as source:
        frames = source.frames(threading.Event())
        next(frames)
        server.over.set()
        with pytest.raises(SourceError, match=r"/live: the stream ended, or "):
            list(frames)


@pytest.mark.parametrize("broken", [b"", b"no picture" * 20, jpeg(plain(*RED))[:400]], ids=["empty", "noise", "half"])
def test_a_broken_picture_is_passed_over(broken: bytes, server: Mjpeg) -> None:
    server.pictures = [jpeg(plain(*RED)), jpeg(plain(*RED)), broken]
    for frame in some(StreamSource(server.address("/live")), 6):
        assert isinstance(frame.picture, np.ndarray)
        assert np.abs(frame.picture.astype(int) - RED).max() <= NEAR


def test_a_stream_of_broken_pictures_alone_is_a_failure(server: Mjpeg) -> None:
    server.pictures = [jpeg(plain(*RED)), *[b"no picture" * 20] * 1000]
    with StreamSource(server.address("/live")) as source, pytest.raises(SourceError, match="nothing but broken pictur"):
        list(source.frames(threading.Event()))


def test_user_and_password_are_used_and_not_shown(server: Mjpeg) -> None:
    source = StreamSource(server.address("/guarded?token=geheim&channel=1", CREDENTIALS))
    (frame,) = some(source, 1)
    assert frame.source == source.address == server.address("/guarded?token=***&channel=1", "***@")
    assert SECRET not in repr(vars(source))


@pytest.mark.parametrize(
    ("path", "credentials", "reason"),
    [
        ("/guarded", "", "the camera asks for a user: http://USER:PASSWORD@127.0.0.1/…"),
        ("/guarded", "us%40er:falsch@", "the camera answers but gives no stream; are user, password and path right?"),
        ("/nowhere", CREDENTIALS, "the camera has no stream under this path (404)"),
        ("/page", CREDENTIALS, "the camera answers, but with nothing that OpenCV can read as a video"),
    ],
)
def test_a_stream_that_cannot_be_opened_says_why(path: str, credentials: str, reason: str, server: Mjpeg) -> None:
    with StreamSource(server.address(path, credentials)) as source, pytest.raises(SourceError) as failed:
        next(source.frames(threading.Event()))
    shown = server.address(path, "***@" if credentials else "")
    assert str(failed.value).startswith(f"{shown}: cannot be opened: {reason}")
