"""Streams that a server sends are read by the real OpenCV, in the capture process; and what becomes of that process.

Devices are tested beside, in test_devices.py, and a real RTSP server in test_rtsp.py.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.classifier import Judgement
from edge_runtime.device.process import lives, started
from edge_runtime.pipeline.lane import Lane
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.result import Prediction
from edge_runtime.sinks.memory import MemorySink
from edge_runtime.sources import Frame
from edge_runtime.sources.backoff import Backoff
from edge_runtime.sources.camera import Captured, Job, stream
from edge_runtime.sources.open import open_source
from edge_runtime.sources.reconnect import Reconnecting
from tests.edge_runtime.samples import IDENTITY, SPEC, brightness, eventually, flat
from tests.edge_runtime.sources.mjpeg import CREDENTIALS, SECRET, Mjpeg, jpeg
from tests.edge_runtime.sources.rtsp import Rtsp, video
from tests.edge_runtime.sources.taking import SOON, Taker, command_lines
from tests.support import ROOT

RED = (255, 0, 0)
NEAR = 4  # MPEG's rounding of a plain colour
QUICK = Backoff(first=0.01, cap=0.1)


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return video(tmp_path_factory.mktemp("video") / "video.ts")


@pytest.fixture
def server(red: bytes) -> Iterator[Rtsp]:
    with Rtsp(red) as server:
        yield server


def watched(server: Rtsp, silence: float = 5.0) -> tuple[Taker, Captured]:
    way = stream(server.address(CREDENTIALS), silence)
    return Taker(Reconnecting(way, QUICK)), way


def pid_of(way: Captured) -> int:
    eventually(lambda: way.pid, "a capture process")
    assert way.pid
    return way.pid


def test_a_stream_gives_rgb_frames_and_its_password_is_shown_nowhere(server: Rtsp) -> None:
    taker, _ = watched(server)
    with taker:
        frames = taker.frames(3)
    for frame in frames:
        assert isinstance(frame.picture, np.ndarray)
        assert frame.picture.shape == (48, 64, 3)
        assert frame.picture.dtype == np.uint8
        assert np.abs(frame.picture.astype(int) - RED).max() <= NEAR
        assert frame.source == taker.source.address == f"rtsp://***@127.0.0.1:{server.server_address[1]}/stream"
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))
    assert taker.source.live
    assert SECRET not in repr(taker.items) + repr(vars(taker.source))
    assert SECRET not in repr(Job("stream", server.address(CREDENTIALS), 3))


def test_a_picture_that_was_given_out_is_not_written_to_again(server: Rtsp) -> None:
    taker, _ = watched(server)
    with taker:
        first, second = (frame.picture for frame in taker.frames(2)[:2])
        assert isinstance(first, np.ndarray)
        assert isinstance(second, np.ndarray)
        assert not np.shares_memory(first, second)


def test_no_list_of_processes_shows_a_password(server: Rtsp) -> None:
    taker, way = watched(server)
    with taker:
        taker.frames(1)
        shown = command_lines()
        environment = Path(f"/proc/{pid_of(way)}/environ").read_bytes()
        assert b"edge_runtime.sources.capture\0rtsp://***@127.0.0.1:" in shown[pid_of(way)]
    assert [pid for pid, line in shown.items() if SECRET.encode() in line] == []
    assert SECRET.encode() not in environment


def test_a_stop_is_heard_soon_after_a_stream_fell_silent(server: Rtsp) -> None:
    taker, way = watched(server)
    with taker:
        taker.frames(1)
        pid, start = pid_of(way), time.monotonic()
    assert time.monotonic() - start < SOON
    assert not Path(f"/proc/{pid}").exists()


def test_a_capture_process_that_was_killed_is_replaced(server: Rtsp) -> None:
    taker, way = watched(server)
    with taker:
        count = len(taker.frames(1))
        os.kill(pid_of(way), signal.SIGKILL)
        reason = taker.notice("lost").reason
        frames = taker.frames(count + 1)
    assert reason.endswith(") was ended by SIGKILL")
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))


def test_a_capture_process_that_hangs_is_killed_and_replaced(server: Rtsp) -> None:
    taker, way = watched(server, silence=2.5)
    with taker:
        taker.frames(1)
        pid = pid_of(way)
        os.kill(pid, signal.SIGSTOP)  # as a driver that does not come back: it hears nothing but SIGKILL
        assert taker.notice("stale").reason == "connected, but no frame for 2 s"
        assert taker.notice("lost").reason == "gave no frame for 2.5 s"
        assert not Path(f"/proc/{pid}").exists()
        eventually(lambda: way.pid not in (None, pid), "another one")
        taker.until(lambda: isinstance(taker.items[-1], Frame), "frames after it")


def test_a_stop_does_not_wait_for_a_capture_process_that_hangs(server: Rtsp) -> None:
    taker, way = watched(server)
    with taker:
        taker.frames(1)
        os.kill(pid_of(way), signal.SIGSTOP)
        start = time.monotonic()
    assert time.monotonic() - start < SOON


PARENT = """
import sys, threading
from edge_runtime.sources.camera import stream
from edge_runtime.sources.reconnect import Reconnecting
way = stream(sys.stdin.readline().strip())
with Reconnecting(way) as source:
    for frame in source.frames(threading.Event()):
        print(way.pid, flush=True)
"""


def test_a_capture_process_ends_with_its_parent_however_that_ended(server: Rtsp) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin
        assert parent.stdout
        parent.stdin.write(server.address(CREDENTIALS) + "\n")
        parent.stdin.flush()
        pid = int(parent.stdout.readline())
        start = started(pid)
        assert start is not None
        parent.kill()
    eventually(lambda: not lives(pid, start), "the end of the capture process")


def descriptors() -> int:
    """How many this process has; the sockets are the test's server's."""
    links = []
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # closed since it was listed
            links.append(os.readlink(f"/proc/self/fd/{name}"))
    return len([link for link in links if not link.startswith("socket:")])


def test_nothing_is_left_of_capture_processes_that_have_ended(server: Rtsp) -> None:
    taker, way = watched(server)
    with taker:
        held = []
        for count in range(1, 6):
            taker.frames(1)
            taker.until(lambda: isinstance(taker.items[-1], Frame), "a frame")
            held.append(descriptors())
            os.kill(pid_of(way), signal.SIGKILL)
            taker.notice("lost", count)
        assert len(command_lines()) <= 1  # neither living nor as zombies
    assert max(held[2:]) <= max(held[:2])


def test_a_stream_that_cannot_be_opened_says_why_and_is_tried_again() -> None:
    with Mjpeg([jpeg(flat(0))]) as server:
        port = server.server_port
    with Taker(open_source(f"rtsp://{CREDENTIALS}127.0.0.1:{port}/x", QUICK)) as taker:
        reason = taker.notice("lost", 2).reason
    assert reason == (
        f"cannot be opened: 127.0.0.1 refuses port {port}; is the port right, and the camera's stream switched on?"
    )


def test_a_server_that_wants_another_password_is_told_as_such(server: Rtsp) -> None:
    with Taker(open_source(server.address(f"us%40er:{SECRET}x@"), QUICK)) as taker:
        reason = taker.notice("lost").reason
    assert reason.startswith("cannot be opened: the camera answers but gives no stream; are user, password and path ri")


def test_the_pipeline_judges_the_newest_frame_and_counts_the_older_ones() -> None:
    stop = threading.Event()
    server = Mjpeg([jpeg(flat(0, (48, 64))), jpeg(flat(255, (48, 64)))])

    class Slow:
        """Takes as long for a frame as the camera for twenty."""

        identity, labels, preprocessing, threshold = IDENTITY, SPEC.labels, SPEC.preprocessing, 0.0
        calls = 0

        def classify(self, pixels: NDArray[np.uint8]) -> Judgement:
            sent = server.sent
            eventually(lambda: server.sent >= sent + 20, "twenty frames more")
            self.calls += 1
            if self.calls == 3:
                stop.set()
            return brightness().classify(pixels)

    memory = MemorySink()
    with server:
        source = open_source(server.address("/live"))
        totals = Pipeline([Lane(source)], Slow(), [memory], stop=stop).run()
    predictions = [result for result in memory.results if isinstance(result, Prediction)]
    numbers = [result.frame for result in predictions]
    assert numbers == sorted(set(numbers))
    assert totals.dropped[source.address] >= 2 * 10  # of two pauses; how the rest falls is the machine's affair
    for result in predictions:
        assert dict(result.best)["bright"] == pytest.approx(result.frame % 2, abs=0.02)
