import threading
from pathlib import Path

import pytest

from edge_runtime.addresses import SOURCES
from edge_runtime.errors import SourceError, UsageError
from edge_runtime.sources import Frame, Source
from edge_runtime.sources.backoff import FOREVER, Backoff
from edge_runtime.sources.camera import Captured
from edge_runtime.sources.csi import RibbonCamera
from edge_runtime.sources.files import FileSource
from edge_runtime.sources.open import KNOWN, open_source
from edge_runtime.sources.reconnect import Reconnecting
from edge_runtime.sources.replay import ReplaySource
from edge_runtime.sources.stdin import StdinSource
from edge_runtime.sources.video import VideoSource
from edge_runtime.sources.watch import WatchSource
from edge_runtime.sources.web import WebCamera
from tests.edge_runtime.samples import save


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    for name in "abc":
        save(tmp_path / f"{name}.png")
    return tmp_path


@pytest.mark.parametrize("address", ["{}", "{}/a.png", "{}/*.png"])
def test_a_path_is_a_source_of_files(address: str, shots: Path) -> None:
    source = open_source(address.format(shots))
    assert isinstance(source, FileSource)
    assert source.address == address.format(shots)
    first = next(iter(source.frames(threading.Event())))
    assert isinstance(first, Frame)
    assert first.picture == shots / "a.png"


def test_watch_is_a_watched_directory(shots: Path) -> None:
    source = open_source(f"watch:{shots}")
    assert isinstance(source, WatchSource)
    assert source.address == f"watch:{shots}"


@pytest.mark.parametrize(
    ("address", "node"),
    [
        ("0", "/dev/video0"),
        ("12", "/dev/video12"),
        ("/dev/video0", "/dev/video0"),
        ("v4l2:///dev/video0", "/dev/video0"),
        ("/dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0-video-index0",) * 2,
    ],
)
def test_a_number_or_a_node_is_a_camera_of_this_machine(address: str, node: str) -> None:
    source = open_source(address)
    assert_camera(source, Captured, node)


def assert_camera(source: Source, kind: type, address: str) -> None:
    assert isinstance(source, Reconnecting)
    assert isinstance(source.connection, kind)
    assert source.address == address
    assert source.live


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "RTSP", "http", "https", "HTTP"])
def test_an_address_of_the_network_is_a_camera(scheme: str) -> None:
    source = open_source(f"{scheme}://user:password@camera/path")
    kind = Captured if scheme.lower().startswith("rtsp") else WebCamera
    assert_camera(source, kind, f"{scheme.lower()}://***@camera/path")


@pytest.mark.parametrize("scheme", [*KNOWN, "-"])
def test_the_help_shows_what_there_is(scheme: str) -> None:
    shown = " ".join(SOURCES)
    assert scheme.rstrip("s") in shown or scheme == "v4l2"  # which says the same as /dev/video0


def test_csi_is_the_ribbon_camera() -> None:
    assert_camera(open_source("csi://1"), RibbonCamera, "csi://1")


def test_a_camera_is_tried_again_for_ever_unless_told_otherwise() -> None:
    assert FOREVER.budget is None
    with (
        pytest.raises(SourceError, match="given up after 0 new tries"),
        open_source("/dev/video77", Backoff(budget=0)) as source,
    ):
        list(source.frames(threading.Event()))


def test_a_dash_is_standard_input() -> None:
    assert isinstance(open_source("-"), StdinSource)


@pytest.mark.parametrize(("options", "live"), [("", False), ("?fps=0", False), ("?fps=12.5", True)])
def test_a_video_is_told_by_its_name(options: str, live: bool, tmp_path: Path) -> None:
    (tmp_path / "Film 1.MP4").write_bytes(b"x")
    source = open_source(f"{tmp_path}/Film 1.MP4{options}")
    assert isinstance(source, VideoSource)
    assert (source.address, source.live) == (f"{tmp_path}/Film 1.MP4{options}", live)


def test_a_question_mark_in_a_glob_is_no_option(shots: Path) -> None:
    source = open_source(f"{shots}/?.png")
    assert isinstance(source, FileSource)
    assert len(list(source.frames(threading.Event()))) == 3


@pytest.mark.parametrize(("options", "existing"), [("", False), ("?existing=0", False), ("?existing=1", True)])
def test_watch_leaves_alone_what_is_there_unless_asked(options: str, existing: bool, shots: Path) -> None:
    source = open_source(f"watch:{shots}{options}")
    assert isinstance(source, WatchSource)
    assert source.address == f"watch:{shots}"
    assert source.existing == existing


def test_a_picture_or_directory_with_a_number_for_a_name_is_reached_by_its_path(
    shots: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(shots / "0" / "bolt.png")
    monkeypatch.chdir(shots)
    source = open_source("./0")
    assert isinstance(source, FileSource)
    first = next(iter(source.frames(threading.Event())))
    assert isinstance(first, Frame)
    assert first.picture == Path("0/bolt.png")
    assert_camera(open_source("0"), Captured, "/dev/video0")
    assert capsys.readouterr().err == "edge-runtime: 0: taken for the camera /dev/video0; the path is ./0\n"


@pytest.mark.parametrize(
    ("options", "frames", "live"),
    [
        ("", 3, False),
        ("?loop=2", 6, False),
        ("?fps=1000", 3, True),
        ("?fps=1000&loop=2", 6, True),
        ("?fps=0", 3, False),
    ],
)
def test_replay_plays_pictures_at_a_pace_and_again(options: str, frames: int, live: bool, shots: Path) -> None:
    source = open_source(f"replay:{shots}{options}")
    assert isinstance(source, ReplaySource)
    assert source.live == live
    assert len(list(source.frames(threading.Event()))) == frames


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("wathc:x", "wathc:x: no source is called 'wathc:'; did you mean 'watch'?"),
        ("ftp://x", "ftp://x: no source is called 'ftp:'; known: watch, replay, v4l2, csi, rtsp, rtsps, http, https"),
        ("rstp://u:p@x/y?z=1", "rstp://***@x/y?z=***: no source is called 'rstp:'; did you mean 'rtsp'?"),
        ("rtsp:u:p@x", "rtsp:***@x: rtsp://HOST/PATH expected"),
        ("http://", "http://: names no host; http://HOST/PATH expected"),
        ("v4l2:video0", "v4l2:video0: v4l2:///dev/video0 expected"),
        ("v4l2://video0", "v4l2://video0: v4l2:///dev/video0 expected"),
        ("replay:x?lop=2", "replay:x?lop=2: unknown option 'lop'; did you mean 'loop'?"),
        ("replay:x?fps=fast", "replay:x?fps=fast: fps takes a number from 0, 'fast' found"),
        ("replay:x?fps=-1", "replay:x?fps=-1: fps takes a number from 0, '-1' found"),
        ("replay:x?fps=", "replay:x?fps=: fps takes a number from 0, '' found"),
        ("replay:x?fps=nan", "replay:x?fps=nan: fps takes a number from 0, 'nan' found"),
        ("replay:x?loop=0.5", "replay:x?loop=0.5: loop takes a whole number from 0, '0.5' found"),
        (
            "replay:a.mp4?loop=0",
            "replay:a.mp4?loop=0: replay plays pictures; a video is a source itself: a.mp4, or a.mp4?fps=N at a pace",
        ),
        ("", "an empty path names nothing; a file, directory or glob expected"),
        ("csi:0", "csi:0: csi://0 expected, with the camera's number"),
        ("csi://front", "csi://front: csi://0 expected, with the camera's number"),
        ("http://cam/x#evry=2", "http://cam/x#evry=***: unknown option 'evry'; did you mean 'every'?"),
        ("watch:x?existing=yes", "watch:x?existing=yes: existing takes 0 or 1, 'yes' found"),
        ("watch:x?exists=1", "watch:x?exists=1: unknown option 'exists'; did you mean 'existing'?"),
        ("film.mp4?pace=2", "film.mp4?pace=2: unknown option 'pace'; known: fps"),
        ("watch:", "watch: names no directory; watch:DIR expected"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_with_what_would(address: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_source(address)
    assert str(refused.value) == message


@pytest.mark.parametrize("address", ["replay:nowhere.png", "nowhere.png", "nowhere.mp4", "nowhere/*.png"])
def test_what_is_written_well_but_not_there_is_no_matter_of_how_it_was_typed(address: str) -> None:
    with pytest.raises(SourceError, match=r"^nowhere.*: no (such file or directory|picture matches)$") as failed:
        open_source(address)
    assert failed.value.exit_code == 1
