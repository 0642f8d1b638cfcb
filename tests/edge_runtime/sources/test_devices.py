"""Cameras of this machine. Where tests run there is none: v4l2.c stands in for the kernel's driver, OpenCV is real."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame
from edge_runtime.sources.backoff import Backoff
from edge_runtime.sources.camera import device
from edge_runtime.sources.devices import cameras, check, forbidden
from edge_runtime.sources.reconnect import Reconnecting
from tests.edge_runtime.samples import in_a_process
from tests.edge_runtime.sources.taking import SOON, Taker


@pytest.mark.parametrize("node", ["/dev/video77", "/dev/no/such/node"])
def test_a_node_that_is_not_there_is_told_with_what_to_do(node: str) -> None:
    with pytest.raises(SourceError) as missing:
        check(Path(node))
    assert str(missing.value).startswith(f"{node}: there is no such camera; ")
    assert str(missing.value).endswith(f"; in a container give it with --device {node}")


@pytest.mark.parametrize("node", ["{}/file", "{}", "/dev/null"])
def test_what_is_no_camera_is_refused(node: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match=f"^{node.format(tmp_path)}: not a camera; "):
        check(Path(node.format(tmp_path)))


@pytest.fixture
def shut() -> Iterator[Path]:
    """A node that only its owner's group may open, where everybody can see it."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        node = Path(directory) / "video0"
        node.write_text("")
        node.chmod(0)
        yield node


# Root may open everything, so who runs the tests as root becomes somebody else first.
AS_NOBODY = """
import os, sys
from pathlib import Path
from edge_runtime.console import guard
from edge_runtime.sources.devices import check, forbidden
if os.geteuid() == 0:
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
node = Path(sys.argv[1])
print(forbidden(node.parent) == [node])
sys.exit(guard("here", lambda: check(node) or 0))
"""


def test_a_node_without_permission_is_told_with_the_group_that_has_it(shut: Path) -> None:
    done = in_a_process(AS_NOBODY, shut)
    group = shut.group()
    assert (done.returncode, done.stdout) == (1, "True\n")
    assert done.stderr == (
        f"here: error: {shut}: no permission to open it; join its group with 'sudo usermod -aG {group} USER' and log "
        f"in again; in a container give it with --device {shut} --group-add {group}\n"
    )


def test_nodes_are_listed_by_number_and_only_cameras(tmp_path: Path) -> None:
    for name in ("video10", "video2", "videotape", "audio0"):
        (tmp_path / name).write_text("")
    assert cameras(tmp_path) == []  # files answer no question of V4L2
    assert forbidden(tmp_path) == []
    assert cameras(tmp_path / "nowhere") == []


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if not compiler or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler, on Linux")
    library = tmp_path_factory.mktemp("driver") / "v4l2.so"
    options = ["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", library]
    done = subprocess.run(
        [compiler, *map(str, options), str(Path(__file__).with_name("v4l2.c")), "-ldl"], capture_output=True, text=True
    )
    if "linux/videodev2.h: No such file" in done.stderr:
        pytest.skip("needs the kernel's headers (linux-libc-dev)")
    assert done.returncode == 0, done.stderr
    return library


RED, BLUE = [1, 0, 0], [0, 0, 1]
QUICK = Backoff(first=0.01, cap=0.1)
LISTING = """
import sys
from pathlib import Path
from edge_runtime.sources.devices import cameras
print(*cameras(Path(sys.argv[1])), sep="\\n")
"""


@pytest.fixture
def plugged(driver: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Taker]:
    """Plugs a camera in and watches it; only the processes that are started meet the driver."""

    def plug(silence: float = 5.0, **settings: object) -> Taker:
        node = tmp_path / "video0"
        node.write_text("")
        for name, value in {"LD_PRELOAD": driver, **settings}.items():
            monkeypatch.setenv(name, str(value))
        return Taker(Reconnecting(device(node, silence), QUICK))

    return plug


def colours(frames: list[Frame]) -> list[list[int]]:
    return [[int(value > 127) for value in np.asarray(frame.picture)[10, 10]] for frame in frames]


def test_a_camera_is_listed_by_its_name(plugged: Callable[..., Taker], tmp_path: Path) -> None:
    plugged()
    assert in_a_process(LISTING, tmp_path).stdout == f"{tmp_path}/video0 (Test camera)\n"


def test_a_node_beside_the_camera_is_no_camera(plugged: Callable[..., Taker], tmp_path: Path) -> None:
    with plugged(CAMERA_KIND="metadata") as taker:
        assert taker.notice("lost").reason.startswith("belongs to 'Test camera' but gives no pictures; ")
    assert in_a_process(LISTING, tmp_path).stdout == "\n"


def test_a_camera_gives_rgb_frames_that_say_when_they_were_taken(plugged: Callable[..., Taker]) -> None:
    before, wall = time.monotonic(), time.time()
    with plugged(CAMERA_FRAMES=1000) as taker:
        frames = taker.frames(4)[:4]
    first, second = colours(frames)[:2]
    assert {tuple(first), tuple(second)} == {tuple(RED), tuple(BLUE)}
    for earlier, later in pairwise(frames):
        assert before < earlier.taken < later.taken < time.monotonic()
        assert wall - 1 < earlier.captured_at < later.captured_at < time.time() + 1
        # The test's driver turns from frame to frame, so a number that was left out is one that nobody took.
        assert (colours([earlier]) == colours([later])) == ((later.number - earlier.number) % 2 == 0)


@pytest.mark.parametrize("frames", [0, 4])
def test_a_stop_is_heard_while_no_frame_comes(frames: int, plugged: Callable[..., Taker]) -> None:
    with plugged(CAMERA_FRAMES=frames) as taker:
        taker.frames(max(frames - 2, 0))
        start = time.monotonic()
    assert time.monotonic() - start < SOON
    assert taker.failure is None


def test_a_camera_that_falls_silent_is_lost_and_opened_again(plugged: Callable[..., Taker]) -> None:
    with plugged(silence=1.5, CAMERA_FRAMES=4) as taker:
        assert taker.notice("lost").reason == "gave no frame for 1.5 s"
        count = len(taker.frames(1))
        frames = taker.frames(count + 2)  # the new process' camera begins anew
    numbers = [frame.number for frame in frames]
    assert numbers == sorted(set(numbers))


def test_a_camera_that_is_unplugged_and_plugged_in_again_goes_on(plugged: Callable[..., Taker], tmp_path: Path) -> None:
    with plugged(CAMERA_FRAMES=1000) as taker:
        taker.frames(2)
        (tmp_path / "video0").unlink()
        assert taker.notice("lost").reason == "the camera is gone; was it unplugged?"
        assert taker.notice("lost", 2).reason.startswith("there is no such camera; ")
        count = len(taker.frames(2))
        (tmp_path / "video0").write_text("")
        assert taker.frames(count + 1)[-1].number >= count


def test_a_camera_that_another_program_uses_is_told_as_such(plugged: Callable[..., Taker], tmp_path: Path) -> None:
    with plugged(CAMERA_KIND="busy") as taker:
        reason = taker.notice("lost").reason
    assert reason.startswith(f"OpenCV cannot open it; another program uses it ('fuser {tmp_path}/video0' tells which)")
