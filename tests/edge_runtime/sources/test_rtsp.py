"""A real RTSP server, GStreamer's, on loopback: H.264 as cameras send it, with a password, killed and back.

Needs Debian's python3-gi, gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-good and gstreamer1.0-plugins-ugly; the
server runs in the system's own Python, which finds them.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

import numpy as np
import pytest

from edge_runtime.sources import Frame
from edge_runtime.sources.backoff import Backoff
from edge_runtime.sources.open import open_source
from tests.edge_runtime.sources.mjpeg import SECRET
from tests.edge_runtime.sources.taking import SOON, Taker, command_lines

pytestmark = pytest.mark.system

SERVER = """
import sys
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
user, password, port = sys.stdin.readline().split()
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=port)
media = GstRtspServer.RTSPMediaFactory(shared=True)
media.set_launch(
    "( videotestsrc is-live=true pattern=green ! video/x-raw,width=320,height=240,framerate=25/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! rtph264pay name=pay0 pt=96 )"
)
role = "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
media.add_role_from_structure(Gst.Structure.new_from_string(role))
auth = GstRtspServer.RTSPAuth()
token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "viewer")
auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
server.set_auth(auth)
server.get_mount_points().add_factory("/stream", media)
server.attach(None)
print(server.get_bound_port(), flush=True)
GLib.MainLoop().run()
"""
QUICK = Backoff(first=0.05, cap=0.2)


class Gst:
    """The server's process."""

    def __init__(self, port: int = 0) -> None:
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"viewer {SECRET} {port}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "no server: are python3-gi and gir1.2-gst-rtsp-server-1.0 installed?"
        self.port = int(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def address(self, password: str = SECRET, path: str = "/stream") -> str:
        return f"rtsp://viewer:{password}@127.0.0.1:{self.port}{path}"


def test_a_camera_s_stream_is_read_in_its_colours() -> None:
    with Gst() as server, Taker(open_source(server.address())) as taker:
        frames = taker.frames(10)
    picture = frames[-1].picture
    assert isinstance(picture, np.ndarray)
    assert picture.shape == (240, 320, 3)
    red, green, blue = picture[120:, :].reshape(-1, 3).mean(axis=0)
    assert green > 200
    assert max(red, blue) < 30


def test_a_server_that_is_killed_is_lost_and_when_it_is_back_frames_go_on() -> None:
    with ExitStack() as stack:
        with Gst() as server:
            taker = stack.enter_context(Taker(open_source(server.address(), QUICK)))
            taker.frames(5)
        assert taker.notice("lost").reason
        taker.until(lambda: "refuses port" in taker.notices[-1].reason, "a server that is not there")
        seen = len(taker.frames(5))
        stack.enter_context(Gst(server.port))
        frames = taker.frames(seen + 5)
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))
    assert SECRET not in repr(taker.items)


def test_a_server_that_hangs_is_stale_then_lost_and_a_stop_is_heard() -> None:
    with Gst() as server:
        with Taker(open_source(server.address(), QUICK)) as taker:
            taker.frames(5)
            os.kill(server.process.pid, signal.SIGSTOP)
            assert taker.notice("stale").reason == "connected, but no frame for 2 s"
            assert taker.notice("lost").reason == "gave no frame for 5 s"
            os.kill(server.process.pid, signal.SIGCONT)
            taker.until(lambda: isinstance(taker.items[-1], Frame), "frames after it")
            os.kill(server.process.pid, signal.SIGSTOP)
            start = time.monotonic()
        assert time.monotonic() - start < SOON


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (
            lambda server: server.address("falsch"),
            "the camera answers but gives no stream; are user, password and path",
        ),
        (lambda server: server.address(path="/x"), "the camera"),
    ],
)
def test_what_is_wrong_with_an_address_is_told(address: Callable[[Gst], str], reason: str) -> None:
    with Gst() as server, Taker(open_source(address(server), QUICK)) as taker:
        assert taker.notice("lost").reason.startswith(f"cannot be opened: {reason}")


def test_no_list_of_processes_shows_the_password() -> None:
    with Gst() as server, Taker(open_source(server.address())) as taker:
        taker.frames(1)
        lines = command_lines().values()
    assert any(b"edge_runtime.sources.capture" in line for line in lines)
    assert not any(SECRET.encode() in line for line in lines)
