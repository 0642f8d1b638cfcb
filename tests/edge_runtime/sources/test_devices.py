"""Cameras of this machine. Where tests run there is none: v4l2.c stands in for the kernel's driver, OpenCV is real."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.errors import SourceError
from edge_runtime.sources.camera import SELECT
from edge_runtime.sources.devices import cameras, check, forbidden
from tests.edge_runtime.samples import in_a_process
from tests.support import ROOT


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


WATCH = """
import json, os, sys, threading, time
from pathlib import Path
from edge_runtime.errors import EdgeError
from edge_runtime.sources.camera import DeviceSource
from edge_runtime.sources.devices import cameras
node, wanted, then = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
told = {"cameras": list(map(str, cameras(node.parent))), "colours": [], "error": None}
stop, since = threading.Event(), [time.monotonic()]
def act():
    since[0] = time.monotonic()
    stop.set() if then == "stop" else node.unlink()
try:
    with DeviceSource(node, silence=1.5) as source:
        if not wanted:
            threading.Timer(0.5, act).start()
        for frame in source.frames(stop):
            told["colours"].append([int(value > 127) for value in frame.picture[10, 10]])
            if len(told["colours"]) == wanted:
                threading.Timer(0.3, act).start()
except EdgeError as error:
    told["error"] = str(error)
told["seconds"] = time.monotonic() - since[0]
print(json.dumps(told))
"""
RED, BLUE = [1, 0, 0], [0, 0, 1]


def watch(driver: Path, node: Path, wanted: int, then: str = "stop", **settings: object) -> dict[str, Any]:
    """What a program sees of the camera, and how long after `then`, which follows `wanted` frames, it ended."""
    node.write_text("")
    environment = os.environ | {"LD_PRELOAD": str(driver)} | {name: str(value) for name, value in settings.items()}
    command = [sys.executable, "-c", WATCH, str(node), str(wanted), then]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_camera_gives_rgb_frames_and_is_listed(driver: Path, tmp_path: Path) -> None:
    node = tmp_path / "video0"
    told = watch(driver, node, 4, CAMERA_FRAMES=1000)
    assert told["cameras"] == [f"{node} (Test camera)"]
    assert told["error"] is None
    assert told["colours"][:4] == [BLUE, RED, BLUE, RED]  # OpenCV leaves the first out: it is often broken


@pytest.mark.parametrize("frames", [0, 4])
def test_a_stop_is_heard_while_no_frame_comes(frames: int, driver: Path, tmp_path: Path) -> None:
    told = watch(driver, tmp_path / "video0", max(frames - 1, 0), CAMERA_FRAMES=frames)
    assert told["error"] is None
    assert told["seconds"] < SELECT + 2  # OpenCV's own limit is 10; a loaded machine is no failure


def test_a_camera_that_falls_silent_is_a_failure(driver: Path, tmp_path: Path) -> None:
    told = watch(driver, tmp_path / "video0", 100, CAMERA_FRAMES=4)
    assert told["error"] == f"{tmp_path}/video0: gave no frame for 1.5 s"
    assert len(told["colours"]) == 3


def test_a_camera_that_is_unplugged_is_a_failure_soon(driver: Path, tmp_path: Path) -> None:
    told = watch(driver, tmp_path / "video0", 4, "unplug", CAMERA_FRAMES=1000)
    assert told["error"] == f"{tmp_path}/video0: the camera is gone; was it unplugged?"
    assert told["seconds"] < SELECT + 2


def test_a_camera_that_another_program_uses_is_told_as_such(driver: Path, tmp_path: Path) -> None:
    told = watch(driver, tmp_path / "video0", 1, CAMERA_KIND="busy")
    node = f"{tmp_path}/video0"
    assert told["error"].startswith(f"{node}: OpenCV cannot open it; another program uses it ('fuser {node}' tells ")


def test_a_node_beside_the_camera_is_no_camera(driver: Path, tmp_path: Path) -> None:
    told = watch(driver, tmp_path / "video0", 1, CAMERA_KIND="metadata")
    assert told["cameras"] == []
    assert told["error"].startswith(f"{tmp_path}/video0: belongs to 'Test camera' but gives no pictures; ")
