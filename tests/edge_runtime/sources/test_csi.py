"""A Raspberry Pi's ribbon camera. None was at hand: see rpicam.py for what stands in for its program and package."""

import time
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import SourceError
from edge_runtime.preprocess import preprocess
from edge_runtime.sources.backoff import Backoff
from edge_runtime.sources.camera import CSI_SIZE
from edge_runtime.sources.csi import RibbonCamera, csi
from edge_runtime.sources.open import open_source
from edge_runtime.sources.reconnect import Reconnecting
from tests.edge_runtime.samples import SPEC
from tests.edge_runtime.sources.rpicam import install_package, install_program
from tests.edge_runtime.sources.taking import SOON, Taker

QUICK = Backoff(first=0.01, cap=0.1)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["rpicam-vid", "libcamera-vid"])
def test_what_the_systems_program_pipes_is_cut_into_pictures(name: str, programs: Path) -> None:
    install_program(programs, name)
    with Taker(open_source("csi://0")) as taker:
        frames = taker.frames(4)[:4]
    assert [frame.number for frame in frames] == [0, 1, 2, 3]
    assert {frame.source for frame in frames} == {"csi://0"}
    values = [int(preprocess(frame.picture, SPEC.preprocessing).mean()) for frame in frames]
    assert values == [0, 40, 0, 40]


def test_a_camera_that_the_program_does_not_find_is_lost_and_tried_again(programs: Path) -> None:
    install_program(programs)
    with Taker(open_source("csi://1", QUICK)) as taker:
        assert taker.notice("lost", 2).reason == "its process (rpicam-vid) has ended with exit code 1"


def test_a_program_that_falls_silent_is_lost(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_program(programs)
    monkeypatch.setenv("CAMERA_FRAMES", "3")
    with Taker(Reconnecting(RibbonCamera(0, silence=0.5), QUICK)) as taker:
        assert taker.notice("lost").reason == "gave no frame for 0.5 s"
        assert [frame.number for frame in taker.frames(4)[:4]] == [0, 1, 2, 3]
        start = time.monotonic()
    assert time.monotonic() - start < SOON


def test_without_either_the_message_says_what_to_install(programs: Path) -> None:
    with pytest.raises(SourceError) as missing:
        open_source("csi://0").__enter__()
    assert str(missing.value).startswith(
        "csi://0: neither Picamera2 nor rpicam-vid or libcamera-vid is installed; sudo "
    )


def test_picamera2_comes_first_and_its_pictures_are_rgb(packages: Path) -> None:
    install_package(packages)
    with Taker(open_source("csi://0")) as taker:
        frames = taker.frames(3)
    for frame in frames:
        assert isinstance(frame.picture, np.ndarray)
        assert frame.picture.shape == (CSI_SIZE[1], CSI_SIZE[0], 3)
        assert frame.picture[0, 0].tolist() == [255, 128, (frame.number + 1) % 256]


def test_picamera2_without_a_camera_is_lost_and_tried_again(packages: Path) -> None:
    install_package(packages)
    with Taker(open_source("csi://1", QUICK)) as taker:
        reason = taker.notice("lost", 2).reason
    assert reason == "Picamera2 cannot open camera 1: list index out of range; is the ribbon in?"


def test_picamera2_that_hangs_is_killed(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_package(packages)
    monkeypatch.setenv("CAMERA_FRAMES", "2")
    with Taker(Reconnecting(csi(0, silence=0.5), QUICK)) as taker:
        assert taker.notice("lost", 2).reason == "gave no frame for 0.5 s"


def test_picamera2_that_does_not_import_is_a_failure_for_good(packages: Path) -> None:
    install_package(packages, "raise ValueError('numpy.dtype size changed')")
    with Taker(open_source("csi://0")) as taker:
        failure = taker.ended()
    assert str(failure) == "csi://0: picamera2 is installed but does not import: numpy.dtype size changed"
