"""`edge-runtime run` with a camera: a real server, a real process, and no password in anything that it writes."""

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from edge_runtime.bundle.store import Bundle
from tests.edge_runtime.commands.running import health, running
from tests.edge_runtime.samples import DEADLINE, eventually
from tests.edge_runtime.sources.mjpeg import CREDENTIALS, SECRET, Mjpeg


def as_jpeg(path: Path) -> bytes:
    file = io.BytesIO()
    with Image.open(path) as picture:
        picture.save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture
def server(pictures: Path) -> Iterator[Mjpeg]:
    with Mjpeg([as_jpeg(path) for path in sorted(pictures.rglob("*.png"))]) as server:
        yield server


def test_a_camera_is_judged_until_stopped_and_its_password_shown_nowhere(
    bundle: Bundle, server: Mjpeg, tmp_path: Path
) -> None:
    beat = tmp_path / "beat.json"
    address = server.address(f"/guarded?token={SECRET}&channel=1", CREDENTIALS)
    with running(bundle, beat, address) as process:
        assert process.stdout
        assert process.stderr
        lines = [process.stdout.readline() for _ in range(20)]
        beaten = beat.read_text()
        process.terminate()
        lines += process.stdout.readlines()
        assert process.wait(DEADLINE) == 0
        told = process.stderr.read()
    assert told.startswith("edge-runtime: ended; ")
    shown = server.address("/guarded?token=***&channel=1", "***@")
    assert {json.loads(line)["source"] for line in lines} == {shown}
    assert SECRET not in "".join(lines) + beaten + told


def test_two_cameras_that_differ_in_what_is_hidden_are_told_apart(
    bundle: Bundle, server: Mjpeg, tmp_path: Path
) -> None:
    addresses = [server.address(f"/live?camera_token={number}") for number in (1, 2)]
    with running(bundle, tmp_path / "beat.json", *addresses) as process:
        assert process.stdout
        found: set[str] = set()
        while len(found) < 2:
            found.add(json.loads(process.stdout.readline())["source"])
        process.terminate()
        process.communicate(timeout=DEADLINE)
    shown = server.address("/live?camera_token=***")
    assert found == {shown, f"{shown} (2)"}


def test_a_camera_that_hangs_does_not_hold_up_a_stop(bundle: Bundle, server: Mjpeg, tmp_path: Path) -> None:
    with running(bundle, tmp_path / "beat.json", server.address("/hangs")) as process:
        assert process.stdout
        for _ in range(2):  # that it is live, and a frame
            process.stdout.readline()
        start = time.monotonic()
        process.terminate()
        assert process.wait(DEADLINE) == 0
        assert time.monotonic() - start < 4  # less than the silence that a camera is allowed: it was not waited for


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/nowhere", "404"),
        ("/page", "web page"),
    ],
)
def test_a_camera_that_gives_nothing_is_lost_with_the_reason_and_the_run_goes_on(
    path: str, reason: str, bundle: Bundle, server: Mjpeg, tmp_path: Path
) -> None:
    address, beat = server.address(f"{path}?pwd={SECRET}", CREDENTIALS), tmp_path / "beat.json"
    with running(bundle, beat, address) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert process.poll() is None
        shown = server.address(f"{path}?pwd=***", "***@")
        eventually(lambda: f"{shown} is lost" in health(beat).stdout, "health names it")
        process.terminate()
        rest, told = process.communicate(timeout=DEADLINE)
        assert process.returncode == 0
    lost = json.loads(line)
    assert (lost["type"], lost["source"], lost["state"]) == ("source", shown, "lost")
    assert reason in lost["reason"]
    assert SECRET not in line + rest + told


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("rtsp://user:geheim@127.0.0.1:1/x", "127.0.0.1 refuses port 1"),
        ("http://user:geheim@no-such-host.invalid/x", "no host is called 'no-such-host.invalid'"),
        ("/dev/video77", "there is no such camera"),
        ("77", "there is no such camera"),
    ],
)
def test_a_camera_that_is_not_there_is_told_and_tried_again(
    address: str, reason: str, bundle: Bundle, tmp_path: Path
) -> None:
    with running(bundle, tmp_path / "beat.json", address) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert process.poll() is None
        process.terminate()
        rest, told = process.communicate(timeout=DEADLINE)
        assert process.returncode == 0
    lost = json.loads(line)
    assert lost["state"] == "lost"
    assert reason in lost["reason"]
    assert SECRET not in line + rest + told
