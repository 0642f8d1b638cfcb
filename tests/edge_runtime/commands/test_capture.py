"""`edge-runtime capture` as a process: real videos, pictures, an MJPEG server, and a terminal with somebody at it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.collecting.folder import ROOM
from tests.edge_runtime.commands.terminal import Terminal
from tests.edge_runtime.samples import DEADLINE, in_a_process, save
from tests.edge_runtime.sources.mjpeg import CREDENTIALS, SECRET, SHORT, Mjpeg, jpeg
from tests.edge_runtime.sources.test_video import FRAMES, film
from tests.support import ROOT, on_a_small_disk, python
from train.datasets.folder import Folder


class Scene(Sequence[bytes]):
    """What a camera sees: never the same picture twice. From `dark` on it is covered."""

    dark = 1 << 30

    def __len__(self) -> int:
        return 1 << 30

    def __getitem__(self, number: int) -> bytes:  # type: ignore[override]
        noise = np.random.default_rng(number).integers(0, 256, (48, 64, 3), np.uint8)
        return jpeg(noise if number < self.dark else noise // 100)


class Rolling(Scene):
    """Goes on where it was when it is looked at anew."""

    def __init__(self) -> None:
        self.seen = 0

    def __getitem__(self, number: int) -> bytes:  # type: ignore[override]
        self.seen += 1
        return super().__getitem__(self.seen)


@pytest.fixture
def camera() -> Iterator[Mjpeg]:
    with Mjpeg(Scene()) as server:
        yield server


def capture(out: Path, source: object, *arguments: object, label: str = "bolt") -> subprocess.CompletedProcess[str]:
    return python("-m", "edge_runtime", "capture", "--label", label, "--source", source, "--out", out, *arguments)


def at_a_terminal(out: Path, source: str, *arguments: str, output: bool = True) -> Terminal:
    command = [sys.executable, "-m", "edge_runtime", "capture", "--source", source, "--out", str(out), *arguments]
    return Terminal(command, output)


def kept(out: Path) -> dict[str, int]:
    return {folder.name: len(list(folder.glob("[!.]*"))) for folder in out.iterdir()}


def numbers(told: str) -> list[int]:
    """The frames' numbers, by the paths that were told."""
    return [int(Path(line).stem.split("_")[-2]) for line in told.splitlines()]


# Videos and files


def test_a_video_becomes_a_folder_that_training_takes(tmp_path: Path) -> None:
    out = tmp_path / "부품"
    done = capture(out, film(tmp_path / "belt.avi"), "--every", 10)
    assert done.returncode == 0, done.stderr
    paths = [Path(line) for line in done.stdout.splitlines()]
    assert numbers(done.stdout) == [0, 10, 20, 30]
    assert sorted(paths) == sorted((out / "bolt").iterdir())
    command = f"edge-runtime capture --label OTHER --source {tmp_path}/belt.avi --out '{out}'"
    assert done.stderr.splitlines()[1:] == [
        "edge-runtime: kept: bolt 4",
        "edge-runtime: bolt has 4: training needs about 50 pictures of each label or more",
        f"edge-runtime: one label alone cannot be trained with; next: {command}",
    ]
    done = capture(out, film(tmp_path / "other.mp4"), "--every", 20, label="너트 M3")
    assert done.stderr.endswith(f"where you train: python -m train prepare --dataset 'folder:{out}' --out DATA\n")
    assert Folder(out).labels == ("bolt", "너트 M3")


def test_after_the_tests_pictures_training_is_told_the_folder_above(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    for place in ("train/bolt", "train/nut", "test/nut"):
        save(parts / place / "1.png")
    done = capture(parts / "test", film(tmp_path / "belt.avi"), "--every", 10)
    assert done.stderr.endswith(
        f"{parts}/test has 2 labels; where you train: python -m train prepare --dataset folder:{parts} --out DATA\n"
    )


def test_the_interval_of_a_video_is_its_own(tmp_path: Path) -> None:
    done = capture(tmp_path / "parts", film(tmp_path / "belt.mp4"), "--interval", "0.4")  # at 25 frames a second
    assert numbers(done.stdout) == [0, 10, 20, 30]


def test_the_same_video_captured_again_adds_nothing(tmp_path: Path) -> None:
    out, video = tmp_path / "parts", film(tmp_path / "belt.avi")
    first = capture(out, video)
    assert kept(out) == {"bolt": len(first.stdout.splitlines())}
    before = sorted(out.rglob("*.*"))
    again = capture(out, video, label="nut")
    assert (again.returncode, again.stdout) == (0, "")
    assert f"kept: nothing; not kept: {FRAMES} there already" in again.stderr
    assert sorted(out.rglob("*.*")) == before


def test_a_file_is_kept_to_the_byte(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    done = capture(out, pictures, "--count", 5)
    assert done.returncode == 0, done.stderr
    originals = {path.read_bytes() for path in pictures.rglob("*.png")}
    found = [path.read_bytes() for path in (out / "bolt").iterdir()]
    assert len(found) == 5
    assert {*found} < originals


def test_what_cannot_be_read_is_counted_and_the_rest_is_kept(pictures: Path, tmp_path: Path) -> None:
    some = tmp_path / "some"
    some.mkdir()
    (some / "a.png").write_bytes(next(pictures.rglob("*.png")).read_bytes())
    (some / "b.jpg").write_bytes(b"no picture")
    done = capture(tmp_path / "parts", some)
    assert done.returncode == 3
    assert "kept: bolt 1; not kept: 1 unreadable\n" in done.stderr
    assert done.stderr.endswith(f"error: {some}: 1 could not be read\n")
    done = capture(tmp_path / "others", some / "b.jpg")
    assert done.returncode == 1
    assert done.stderr.endswith("b.jpg: nothing was kept: 1 unreadable\n")
    assert list((tmp_path / "others").iterdir()) == []


def test_frames_that_are_alike_are_kept_once(tmp_path: Path) -> None:
    out = tmp_path / "parts"
    done = capture(out, film(tmp_path / "belt.avi", 21), "--min-change", 19)  # each frame is 5 levels brighter
    assert numbers(done.stdout) == [0, 4, 8, 12, 16, 20]
    assert "not kept: 15 alike" in done.stderr


def test_frames_on_standard_input_are_kept(tmp_path: Path) -> None:
    scene = Scene()
    command = [sys.executable, "-m", "edge_runtime", "capture", "--label", "bolt", "--source", "-", "--every", "2"]
    stream = b"".join(scene[number] for number in range(5))
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "parts")], cwd=ROOT, input=stream, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert {path.read_bytes() for path in (tmp_path / "parts" / "bolt").iterdir()} == {scene[0], scene[2], scene[4]}


def test_a_disk_that_becomes_full_ends_it_and_loses_nothing(tmp_path: Path) -> None:
    scenes, place = tmp_path / "scenes", tmp_path / "disk"
    scenes.mkdir()
    place.mkdir()
    for number in range(4):  # 3 MB each
        noise = np.random.default_rng(number).integers(0, 256, (1000, 1000, 3), np.uint8)
        Image.fromarray(noise).save(scenes / f"{number}.png", compress_level=1)
    words = on_a_small_disk(place, f"{(ROOM + 8_000_000) // 1024}k")
    command = ["-m", "edge_runtime", "capture", "--label", "bolt", "--source", scenes, "--out", place / "parts"]
    script = '"$@"; echo $?; cd "$0" && find . -type f | wc -l'
    done = subprocess.run(
        [*words, "sh", "-c", script, str(place / "parts"), sys.executable, *map(str, command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    *paths, code, count = done.stdout.splitlines()
    assert (len(paths), code, int(count)) == (2, "1", 2), done.stderr
    assert "kept: bolt 2" in done.stderr
    assert "its disk is full" in done.stderr


# Cameras without a terminal


def test_a_cameras_pictures_are_kept_as_they_came(camera: Mjpeg, tmp_path: Path) -> None:
    done = capture(tmp_path / "parts", camera.address("/live"), "--every", 3, "--count", 4)
    assert done.returncode == 0, done.stderr
    scene = Scene()
    for number, line in zip(numbers(done.stdout), done.stdout.splitlines(), strict=True):
        assert Path(line).read_bytes() == scene[number]
    assert kept(tmp_path / "parts") == {"bolt": 4}


def test_a_password_is_shown_nowhere(camera: Mjpeg, tmp_path: Path) -> None:
    address = camera.address(f"/guarded?token={SECRET}", CREDENTIALS)
    done = capture(tmp_path / "parts", address, "--every", 1, "--count", 1)
    assert done.returncode == 0, done.stderr
    refused = capture(tmp_path / "parts", address)
    assert refused.returncode == 2
    assert SECRET not in done.stdout + done.stderr + refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_summary(number: signal.Signals, camera: Mjpeg, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edge_runtime", "capture", "--label", "bolt", "--source", camera.address("/live")]
    command += ["--out", str(tmp_path / "parts"), "--every", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    assert f"edge-runtime: kept: bolt {1 + len(out.splitlines()):,}" in err
    assert kept(tmp_path / "parts") == {"bolt": 1 + len(out.splitlines())}


def test_a_camera_that_ends_is_told_and_waited_for(camera: Mjpeg, tmp_path: Path) -> None:
    camera.pictures = Rolling()
    done = capture(tmp_path / "parts", camera.address("/ends"), "--every", 1, "--count", SHORT + 1)
    assert done.returncode == 0, done.stderr
    assert "the source is lost: the stream ended" in done.stderr
    assert "is live again" in done.stderr


# Somebody at a terminal


def test_keys_keep_frames_and_choose_their_labels(camera: Mjpeg, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    with at_a_terminal(out, camera.address("/live"), "--label", "bolt", "--label", "nut") as terminal:
        terminal.wait("1 bolt, 2 nut: the label; u takes the last picture back; q ends")
        terminal.wait("bolt 0, nut 0")
        assert terminal.state != terminal.before
        terminal.press(" ")
        terminal.wait("bolt 1: ")
        terminal.press("2 ")
        terminal.wait("nut 1: ")
        terminal.press("\r")
        terminal.wait("nut 2: ")
        terminal.press("\r")
        terminal.wait("nut 3: ")
        terminal.press("u")
        terminal.wait("taken back: ")
        terminal.press("q")
        assert terminal.ended() == 0
        assert terminal.state == terminal.before
    assert "kept: bolt 1, nut 2" in terminal.shown
    assert kept(out) == {"bolt": 1, "nut": 2}
    assert Folder(out).labels == ("bolt", "nut")


def test_a_covered_lens_is_told_to_who_presses_the_key(camera: Mjpeg, tmp_path: Path) -> None:
    camera.pictures.dark = 0  # type: ignore[attr-defined]
    with at_a_terminal(tmp_path / "parts", camera.address("/live"), "--label", "bolt") as terminal:
        terminal.wait("nothing is kept while the camera is black")
        terminal.press(" ")
        terminal.wait("not kept: black")
        terminal.press("q")
        assert terminal.ended() == 0
    assert "kept: nothing; not kept: 1 black" in terminal.shown
    assert list((tmp_path / "parts").iterdir()) == []


def test_a_rhythm_is_paused_and_its_label_chosen_by_keys(camera: Mjpeg, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    words = ("--label", "bolt", "--label", "nut", "--every", "1")
    with at_a_terminal(out, camera.address("/live"), *words, output=False) as terminal:
        assert terminal.process.stdout
        terminal.wait("bolt 0, nut 0; paused")
        terminal.press("2")
        terminal.wait("now: nut")
        first = terminal.process.stdout.readline()
        terminal.press(" ")
        terminal.wait("paused")
        terminal.press("q")
        assert terminal.ended() == 0
    assert b"/nut/" in first
    assert list(kept(out)) == ["nut"]


@pytest.mark.parametrize("end", ["ctrl-c", "SIGTERM", "failure"])
def test_however_it_ends_the_terminal_is_as_it_was(end: str, camera: Mjpeg, tmp_path: Path) -> None:
    out = tmp_path / "parts"
    with at_a_terminal(out, camera.address("/live"), "--label", "bolt") as terminal:
        terminal.wait("bolt 0")
        match end:
            case "ctrl-c":
                terminal.press("\x03")
            case "SIGTERM":
                terminal.process.terminate()
            case "failure":
                out.rmdir()
                terminal.press(" ")
        code = terminal.ended()
        assert terminal.state == terminal.before
    assert code == (1 if end == "failure" else 0)
    assert "kept: nothing" in terminal.shown
    assert "Traceback" not in terminal.shown


def test_stopped_by_ctrl_z_it_gives_the_terminal_back_and_goes_on_in_front(camera: Mjpeg, tmp_path: Path) -> None:
    with Terminal(["bash", "--norc", "--noprofile", "--noediting", "-i"]) as shell:
        shell.wait("ready$ ")
        shell.press(
            f"{sys.executable} -m edge_runtime capture --label bolt --source {camera.address('/live')} "
            f"--out {tmp_path}/parts\n"
        )
        shell.wait("bolt 0")
        shell.press(" ")
        shell.wait("bolt 1: ")
        shell.press("\x1a")
        shell.wait("ready$ ")
        assert shell.state == shell.before
        shell.press("fg\n")
        shell.wait("bolt 1")
        while shell.state == shell.before:  # it takes the terminal again as soon as it looks for keys
            os.sched_yield()
        shell.press(" ")
        shell.wait("bolt 2: ")
        shell.press("q")
        shell.wait("ready$ ")
        assert shell.state == shell.before
        shell.press("exit\n")
        assert shell.ended() == 0


# What is typed wrongly


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("0",), "/dev/video0: nobody can press a key here; say --interval 0.5 for two pictures a second, or --every"),
        (("0", "--label", "nut"), "--label is given 2 times: keys choose among them, and nobody can press one here"),
        (("0", "--label", ".nut"), "label '.nut': its folder would be hidden"),
        (("0", "--label", "bolt", "--every", 1), "--label bolt: given twice"),
        (("PICTURES", "--interval", "1s"), "--interval needs time between frames, and files have none; say --every N"),
        (("PICTURES", "--region", "1,2"), "region '1,2': left,top,right,bottom"),
        (("PICTURES", "--every", "0"), "a whole number of at least 1 expected, 0 found"),
        (("PICTURES", "--every", "2", "--interval", "2"), "not allowed with argument"),
        (("rstp://user:geheim@camera/1",), "no source is called 'rstp:'; did you mean 'rtsp'?"),
        (("PICTURES", "--evry", "2"), "no such option: --evry; did you mean '--every'?"),
    ],
)
def test_what_makes_no_sense_is_a_sentence_and_exit_code_2(
    arguments: tuple[object, ...], message: str, pictures: Path, tmp_path: Path
) -> None:
    done = capture(tmp_path / "parts", *(pictures if word == "PICTURES" else word for word in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert SECRET not in done.stderr
    assert not (tmp_path / "parts").exists()


def test_a_video_is_too_fast_for_keys_unless_it_has_a_pace(tmp_path: Path) -> None:
    video = film(tmp_path / "belt.avi")
    with at_a_terminal(tmp_path / "parts", str(video), "--label", "bolt", "--label", "nut") as terminal:
        assert terminal.ended() == 2
    assert "or a pace for a video: VIDEO?fps=5" in " ".join(terminal.shown.split())
    with at_a_terminal(tmp_path / "parts", f"{video}?fps=5", "--label", "bolt", "--label", "nut") as terminal:
        terminal.wait("bolt 0, nut 0")
        terminal.press("2 ")
        terminal.wait("nut 1: ")
        terminal.press("q")
        assert terminal.ended() == 0


def test_pictures_and_streams_need_no_opencv(pictures: Path, tmp_path: Path) -> None:
    code = """
import sys
from edge_runtime.commands.main import main
code = main(["capture", "--label", "bolt", "--source", sys.argv[1], "--out", sys.argv[2]])
foreign = {name.partition(".")[0] for name in sys.modules} & {"cv2", "ai_edge_litert", "onnxruntime", "starlette"}
print(code, sorted(foreign))
"""
    assert in_a_process(code, pictures, tmp_path / "parts").stdout.splitlines()[-1] == "0 []"


def test_its_help_loads_neither_numpy_nor_pillow() -> None:
    code = """
import contextlib, io, sys
from edge_runtime.commands.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main(["capture", "--help"])
print([name for name in ("numpy", "PIL", "termios") if name in sys.modules])
"""
    assert in_a_process(code).stdout == "[]\n"
