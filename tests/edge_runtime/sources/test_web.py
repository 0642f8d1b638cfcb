"""Cameras that speak HTTP: a real server on loopback, in all the ways in which such cameras behave and misbehave."""

import contextlib
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.errors import PictureError, UsageError
from edge_runtime.pipeline.lane import Lane
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.preprocess import preprocess
from edge_runtime.result import Prediction, SourceChange
from edge_runtime.sinks.memory import MemorySink
from edge_runtime.sources import Frame, Source
from edge_runtime.sources.address import parse
from edge_runtime.sources.backoff import Backoff
from edge_runtime.sources.fetch import redirected
from edge_runtime.sources.reconnect import LostError, Reconnecting
from edge_runtime.sources.web import WebCamera
from edge_runtime.sources.wire import Stopped, Wait, connected
from tests.edge_runtime.samples import DEADLINE, SPEC, brightness, eventually, flat
from tests.edge_runtime.sources.mjpeg import CREDENTIALS, SECRET, SHORT, Mjpeg, jpeg
from tests.edge_runtime.sources.taking import SOON, Taker, some

DARK, BRIGHT = jpeg(flat(0, (48, 64))), jpeg(flat(255, (48, 64)))
NOISE = jpeg(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))
QUICK = Backoff(first=0.01, cap=0.05)


@pytest.fixture
def server() -> Iterator[Mjpeg]:
    with Mjpeg([DARK, BRIGHT]) as server:
        yield server


def camera(address: str, silence: float = 5.0) -> Source:
    return Reconnecting(WebCamera(address, silence, now=lambda: 123.5), QUICK)


@pytest.mark.parametrize("path", ["/live", "/bare", "/lies", "/chunked"])
def test_mjpeg_gives_the_pictures_as_they_were_sent_whatever_is_said_around_them(path: str, server: Mjpeg) -> None:
    frames = some(camera(server.address(path)), 6)
    assert [frame.picture for frame in frames] == [DARK, BRIGHT] * 3
    assert [frame.number for frame in frames] == list(range(6))
    assert {(frame.source, frame.captured_at) for frame in frames} == {(server.address(path), 123.5)}
    assert camera(server.address(path)).live


def test_a_snapshot_is_fetched_again_and_again(server: Mjpeg) -> None:
    frames = some(camera(server.address("/snapshot#every=0.02")), 6)
    assert [frame.picture for frame in frames] == [DARK, BRIGHT] * 3
    assert frames[0].source == server.address("/snapshot#every=0.02")
    assert all("every" not in str(request) for request in server.requests)


def test_a_server_that_does_not_hang_up_after_a_picture_keeps_nobody_waiting(server: Mjpeg) -> None:
    frames = some(camera(server.address("/kept#every=0.02"), silence=SOON), 3)
    assert [frame.picture for frame in frames] == [DARK] * 3


def test_a_snapshot_is_not_fetched_more_often_than_asked_for(server: Mjpeg) -> None:
    start = time.monotonic()
    some(camera(server.address("/snapshot#every=0.2")), 3)
    assert time.monotonic() - start >= 0.4


@pytest.mark.parametrize("path", ["/live", "/guarded", "/digest", "/snapshot"])
def test_user_and_password_are_told_only_to_who_asks_and_shown_nowhere(path: str, server: Mjpeg) -> None:
    source = camera(server.address(f"{path}?token={SECRET}&channel=1", CREDENTIALS))
    (frame,) = some(source, 1)
    assert frame.source == source.address == server.address(f"{path}?token=***&channel=1", "***@")
    told = [request.get("authorization", "") for request in server.requests]
    assert all(not header for header in told) == (path in ("/live", "/snapshot"))
    assert SECRET not in repr(source) + repr(vars(source)) + repr(frame)


def test_user_and_password_do_not_follow_a_redirect_to_another_host(server: Mjpeg) -> None:
    with Mjpeg([BRIGHT]) as other:
        server.elsewhere = other.address("/guarded").replace("127.0.0.1", "localhost")
        with Taker(camera(server.address("/away", CREDENTIALS))) as taker:
            reason = taker.notice("lost").reason
        assert reason == "cannot be opened: the camera asks for a user: http://USER:PASSWORD@localhost/…"
        assert [request for request in other.requests if "authorization" in request] == []


def test_a_redirect_on_the_same_server_is_followed_with_them(server: Mjpeg) -> None:
    server.elsewhere = "/digest"
    assert some(camera(server.address("/away", CREDENTIALS)), 1)[0].picture == DARK


@pytest.mark.parametrize(
    ("address", "location", "user"),
    [
        ("http://u:p@cam/x", "/y", "u"),
        ("http://u:p@cam/x", "http://cam:80/y", "u"),
        ("http://u:p@cam/x", "https://cam/y", "u"),
        ("https://u:p@cam/x", "http://cam/y", None),  # anybody on the way could read it
        ("http://u:p@cam/x", "http://cam:8080/y", None),  # somebody else's service, for all we know
        ("http://u:p@cam/x", "//evil/y", None),
        ("http://u:p@cam/x", "http://a:b@evil/y", None),
        ("http://cam/x", "http://a:b@cam/y", None),
    ],
)
def test_who_gets_to_know_user_and_password_after_a_redirect(address: str, location: str, user: str | None) -> None:
    assert redirected(parse(address), location).user == user


@pytest.mark.parametrize("location", ["rtsp://cam/x", "ftp://cam/x", "http://[", "http://cam:x/", "file:///etc/passwd"])
def test_a_redirect_out_of_http_is_not_followed(location: str) -> None:
    with pytest.raises(LostError, match=r"^cannot be opened: it redirects to "):
        redirected(parse("http://u:geheim@cam/x"), location)


def test_a_redirect_without_an_end_ends(server: Mjpeg) -> None:
    with Taker(camera(server.address("/round"))) as taker:
        assert taker.notice("lost").reason == "cannot be opened: it redirects more than 5 times"


@pytest.mark.parametrize(
    ("path", "credentials", "reason"),
    [
        ("/guarded", "", "cannot be opened: the camera asks for a user: http://USER:PASSWORD@127.0.0.1/…"),
        ("/guarded", f"us%40er:{SECRET}x@", "cannot be opened: the camera answers but gives no stream; are user, pass"),
        ("/digest", f"us%40er:{SECRET}x@", "cannot be opened: the camera answers but gives no stream; are user, passw"),
        ("/nowhere", CREDENTIALS, "cannot be opened: the camera has no stream under this path (404)"),
        ("/page", CREDENTIALS, "cannot be opened: it answers with a web page (text/html); its pictures have"),
    ],
)
def test_a_camera_that_refuses_says_why_and_is_asked_again(
    path: str, credentials: str, reason: str, server: Mjpeg
) -> None:
    with Taker(camera(server.address(path, credentials))) as taker:
        assert taker.notice("lost", 3).reason.startswith(reason)
    assert SECRET not in repr(taker.items)


def test_a_host_that_nobody_knows_is_told() -> None:
    with Taker(camera("http://no-such-host.invalid/x")) as taker:
        reason = taker.notice("lost").reason
    assert reason.startswith("cannot be opened: no host is called 'no-such-host.invalid'; is the name right")


def test_a_stream_that_ends_is_opened_again_and_frames_go_on(server: Mjpeg) -> None:
    with Taker(camera(server.address("/ends"))) as taker:
        frames = taker.frames(2 * SHORT)
        assert taker.notice("lost").reason == "the stream ended"
    assert [frame.number for frame in frames[: 2 * SHORT]] == list(range(2 * SHORT))


def test_a_server_that_dies_is_lost_and_comes_back() -> None:
    with Mjpeg([DARK]) as server:
        port, taker = server.server_port, Taker(camera(server.address("/live")))
        taker.__enter__()
        taker.frames(1)
    assert taker.notice("lost").reason == "the stream ended"
    taker.until(lambda: any("refuses port" in notice.reason for notice in taker.notices), "refused")
    with Mjpeg([BRIGHT], port):
        taker.until(lambda: isinstance(taker.items[-1], Frame), "a frame of the server that is back")
        taker.__exit__(None, None, None)
    numbers = [item.number for item in taker.items if isinstance(item, Frame)]
    assert numbers == list(range(len(numbers)))


def test_a_camera_that_falls_silent_is_stale_then_lost_then_there_again(server: Mjpeg) -> None:
    with Taker(camera(server.address("/hangs"), silence=2.2)) as taker:
        taker.frames(2 * SHORT)
        assert [notice.state for notice in taker.notices] == ["stale", "lost"]
        assert taker.notice("stale").reason == "connected, but no frame for 2 s"
        assert taker.notice("lost").reason == "gave no frame for 2.2 s"


@pytest.mark.parametrize("path", ["/hangs", "/silent"])
def test_a_stop_is_heard_soon_while_nothing_comes(path: str, server: Mjpeg) -> None:
    with Taker(camera(server.address(path))) as taker:
        assert server.asked.wait(DEADLINE)
        if path == "/hangs":
            taker.frames(SHORT)
        start = time.monotonic()
    assert time.monotonic() - start < SOON
    assert taker.failure is None


def test_a_stop_is_heard_soon_while_a_host_does_not_take_the_connection() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=0)
    with listener, socket.create_connection(listener.getsockname()):
        stop = threading.Event()
        threading.Timer(0.2, stop.set).start()
        start = time.monotonic()
        with pytest.raises(Stopped):  # its one place is taken: the kernel lets all others wait
            connected(parse(f"http://127.0.0.1:{listener.getsockname()[1]}/"), stop)
        assert time.monotonic() - start < SOON


def test_a_wait_ends_at_its_time() -> None:
    with pytest.raises(TimeoutError):
        Wait(threading.Event(), time.monotonic()).check()


def test_a_half_picture_between_whole_ones_is_counted_as_unreadable_and_never_labelled(server: Mjpeg) -> None:
    server.pictures = [BRIGHT, NOISE[: len(NOISE) // 2]]
    frames = some(camera(server.address("/live")), 4)
    assert [frame.picture for frame in frames[::2]] == [BRIGHT, BRIGHT]
    with pytest.raises(PictureError, match="cannot be decoded"):
        preprocess(frames[1].picture, SPEC.preprocessing)


def test_a_snapshot_that_broke_off_is_unreadable(server: Mjpeg) -> None:
    server.pictures = [NOISE]
    (frame,) = some(camera(server.address("/short")), 1)
    with pytest.raises(PictureError, match="cannot be decoded"):
        preprocess(frame.picture, SPEC.preprocessing)


def test_garbage_is_no_picture_and_is_told(server: Mjpeg) -> None:
    def ending() -> None:
        assert server.asked.wait(DEADLINE)
        eventually(lambda: server.sent > 3, "garbage")
        server.over.set()

    threading.Thread(target=ending).start()
    with Taker(camera(server.address("/garbage"))) as taker:
        reason = taker.notice("lost").reason
    assert reason.startswith("cannot be opened: what it sends, video/mp2t, has no JPEG in it")


def test_a_picture_without_an_end_is_not_kept_in_memory(server: Mjpeg) -> None:
    with Taker(camera(server.address("/endless"))) as taker:
        assert taker.notice("lost").reason == "sends more than 32 MiB for one picture"


def test_what_is_no_http_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        threading.Thread(target=answer).start()
        source = Reconnecting(WebCamera(f"http://127.0.0.1:{port}/"), Backoff(first=60, cap=60))
        with Taker(source) as taker:
            reason = taker.notice("lost").reason
    assert reason == f"cannot be opened: 127.0.0.1 does not answer as http on port {port}; is the port right?"


class Says:
    """A server that sends the same bytes to whoever asks."""

    def __init__(self) -> None:
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://{CREDENTIALS}127.0.0.1:{self._listener.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.recv(10_000)
                connection.sendall(self.answer)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture(scope="module")
def says() -> Iterator[Says]:
    server = Says()
    yield server
    server.close()


heads = st.sampled_from(
    [
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n",
        b"HTTP/1.1 401 \xff\r\nWWW-Authenticate: Digest nonce=\r\n",
        b"HTTP/1.1 302 \r\nLocation: //\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"ICY 200 OK\r\n",
    ]
)
lines = st.sampled_from(
    [b"Content-Type: image/png\r\n", b"Content-Type: ;;=\r\n", b"Content-Length: 5\r\n", b"\r\n", b"5\r\n"]
)
pieces = st.lists(st.one_of(heads, lines, st.binary(max_size=60), st.just(DARK)), max_size=8)


@settings(max_examples=1000)
@given(pieces)
def test_whatever_a_server_answers_it_is_lost_with_a_reason_or_gives_frames(says: Says, pieces: list[bytes]) -> None:
    says.answer = b"".join(pieces)
    stop = threading.Event()
    way = WebCamera(f"{says.address}#every=0.01", silence=1.0)
    reason = "stopped"
    try:
        for count, item in enumerate(way.frames(stop)):
            assert isinstance(item, Frame)
            if count == 2:
                stop.set()
    except LostError as lost:
        reason = str(lost)
    assert reason
    assert SECRET not in reason


def test_nothing_is_left_of_a_hundred_connections_that_were_lost(server: Mjpeg) -> None:
    def held() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    before = None
    with Taker(Reconnecting(WebCamera(server.address("/nowhere")), Backoff(first=0.001, cap=0.002))) as taker:
        taker.notice("lost", 10)
        before = held()
        taker.notice("lost", 110)
        eventually(lambda: held() <= before, "as few descriptors and threads as before")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a camera signs it: by itself."""
    path = tmp_path_factory.mktemp("tls") / "camera.pem"
    names = ["-subj", "/CN=camera", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *names]
    subprocess.run([*command, "-keyout", path, "-out", path], check=True, capture_output=True)
    return path


@pytest.mark.system  # openssl
def test_a_certificate_that_nobody_vouches_for_is_taken_only_when_asked_for(server: Mjpeg, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    address = server.address("/digest", CREDENTIALS).replace("http:", "https:")
    with Taker(camera(address)) as taker:
        reason = taker.notice("lost").reason
    assert reason.startswith("cannot be opened: its certificate is not trusted here (self")
    assert reason.endswith("add #verify=no to the address to trust whoever answers there")
    assert some(camera(f"{address}#verify=no"), 2)[1].picture == BRIGHT


@pytest.mark.parametrize(("rest", "told"), [("?every=9", 1), ("?every=9#every=1", 0), ("?fps=5", 0), ("#every=9", 0)])
def test_an_option_of_ours_in_the_cameras_query_is_sent_on_and_told(
    rest: str, told: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert WebCamera(f"http://cam/x{rest}").address.startswith("http://cam/x")
    sentence = "edge-runtime: http://cam/x?every=***: what follows ? is the camera's; ours is #every=…\n"
    assert capsys.readouterr().err == sentence * told


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("every=0", "http://***@cam/x#every=0: every takes seconds from 0.01 to 86400, '0' found"),
        ("every=soon", "http://***@cam/x#every=soon: every takes seconds from 0.01 to 86400, 'soon' found"),
        ("evry=1", "http://***@cam/x#evry=***: unknown option 'evry'; did you mean 'every'?"),
        ("verify=0", "http://***@cam/x#verify=0: verify takes yes or no, '0' found"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(options: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        WebCamera(f"http://u:{SECRET}@cam/x#{options}")
    assert str(refused.value) == message


def test_through_the_pipeline_a_loss_is_told_once_and_the_frames_after_it_are_judged(server: Mjpeg) -> None:
    stop, memory = threading.Event(), MemorySink()
    source = camera(server.address("/ends", CREDENTIALS))
    done: list[object] = []
    pipeline = Pipeline([Lane(source)], brightness(), [memory], stop=stop)
    thread = threading.Thread(target=lambda: done.append(pipeline.run()))
    thread.start()

    def changes() -> list[str]:
        return [one.state for one in list(memory.results) if isinstance(one, SourceChange)]

    eventually(lambda: changes()[:3] == ["live", "lost", "live"], "live, lost, live")
    stop.set()
    thread.join(DEADLINE)
    assert done
    assert any(isinstance(one, Prediction) for one in memory.results)
    assert SECRET not in repr(memory.results)
