import threading
from pathlib import Path

import pytest

from edge_runtime.errors import UsageError
from edge_runtime.sources.camera import DeviceSource, StreamSource
from edge_runtime.sources.files import FileSource
from edge_runtime.sources.open import open_source
from edge_runtime.sources.replay import ReplaySource
from edge_runtime.sources.watch import WatchSource
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
    assert next(source.frames(threading.Event())).source == str(shots / "a.png")


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
    assert isinstance(source, DeviceSource)
    assert source.address == node
    assert source.live


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps", "http", "https", "RTSP"])
def test_an_address_of_the_network_is_a_stream(scheme: str) -> None:
    source = open_source(f"{scheme}://user:password@camera/path")
    assert isinstance(source, StreamSource)
    assert source.address == f"{scheme.lower()}://***@camera/path"
    assert source.live


def test_a_picture_or_directory_with_a_number_for_a_name_is_reached_by_its_path(
    shots: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save(shots / "0" / "bolt.png")
    monkeypatch.chdir(shots)
    source = open_source("./0")
    assert isinstance(source, FileSource)
    assert next(source.frames(threading.Event())).source == "0/bolt.png"
    assert isinstance(open_source("0"), DeviceSource)
    assert capsys.readouterr().err == "0: taken for the camera /dev/video0; the path is ./0\n"


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
        ("ftp://x", "ftp://x: no source is called 'ftp:'; known: watch, replay, v4l2, rtsp, rtsps, http, https"),
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
        ("replay:nowhere.png", "nowhere.png: no such file or directory"),
        ("nowhere.png", "nowhere.png: no such file or directory"),
        ("", "an empty path names nothing; a file, directory or glob expected"),
        ("watch:", "watch: names no directory; watch:DIR expected"),
    ],
)
def test_an_address_that_makes_no_sense_is_refused_with_what_would(address: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        open_source(address)
    assert str(refused.value) == message
