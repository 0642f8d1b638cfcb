import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle
from edge_runtime.heartbeat import read
from tests.edge_runtime.commands.running import health, running, started
from tests.edge_runtime.samples import DEADLINE, eventually, save
from tests.support import ROOT, python


def test_a_picture_that_is_dropped_in_comes_out_as_a_line(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    with running(bundle, tmp_path / "beat.json", f"watch:{inbox}") as process:
        assert process.stdout
        for number in range(2):
            new = save(inbox / f"{number}.png")
            line = json.loads(process.stdout.readline())
            assert (line["type"], line["path"], line["frame"]) == ("prediction", str(new), number)
            assert line["source"] == f"watch:{inbox}"
            assert line["digest"] == bundle.digest[:12]
        (inbox / "broken.png").write_bytes(b"no picture")
        line = json.loads(process.stdout.readline())
        assert (line["type"], line["reason"].endswith("not a picture in a format that can be read")) == (
            "rejection",
            True,
        )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_and_ctrl_c_end_it_cleanly_and_soon(
    number: signal.Signals, bundle: Bundle, inbox: Path, tmp_path: Path
) -> None:
    beat = tmp_path / "beat.json"
    with running(bundle, beat, f"watch:{inbox}") as process:
        start = time.monotonic()
        process.send_signal(number)
        assert process.wait(DEADLINE) == 0
        assert time.monotonic() - start < 5  # systemd gives 90 s, Docker 10
        assert process.stderr
        assert process.stderr.read() == "edge-runtime: ended; 0 predictions, 0 rejected, 0 dropped\n"
    assert not beat.exists()


def test_a_replay_ends_by_itself_and_counts(bundle: Bundle, pictures: Path, tmp_path: Path) -> None:
    arguments = ["--source", f"replay:{pictures}?loop=3", "--source", pictures, "--heartbeat", tmp_path / "beat.json"]
    done = python("-m", "edge_runtime", "run", "--bundle", bundle.directory, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("edge-runtime: ended; 48 predictions, 0 rejected, 0 dropped\n")
    assert len(done.stdout.splitlines()) == 48
    assert not (tmp_path / "beat.json").exists()


def test_a_replay_at_a_pace_goes_on_until_stopped(bundle: Bundle, pictures: Path, tmp_path: Path) -> None:
    with running(bundle, tmp_path / "beat.json", f"replay:{pictures}?fps=100&loop=0") as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["state"] == "live"
        found = [json.loads(process.stdout.readline()) for _ in range(30)]
        process.terminate()
        process.stdout.read()
        assert process.wait(DEADLINE) == 0
    assert all(line["age_seconds"] < DEADLINE for line in found)
    assert [line["frame"] for line in found] == sorted({line["frame"] for line in found})


@pytest.mark.parametrize(
    ("source", "code", "reason"),
    [
        ("wacth:x", 2, "no source is called 'wacth:'; did you mean 'watch'?"),
        ("replay:film.mp4", 2, "a video is a source itself: film.mp4, or film.mp4?fps=N at a pace"),
        ("watch:README.md", 1, "watch:README.md: cannot be read: Not a directory; watch:DIR expected"),
        ("none.png", 1, "none.png: no such file or directory"),
    ],
)
def test_a_source_that_is_typed_wrongly_is_exit_2_and_one_that_cannot_be_opened_exit_1(
    source: str, code: int, reason: str, bundle: Bundle, tmp_path: Path
) -> None:
    arguments = ["--bundle", bundle.directory, "--source", source, "--heartbeat", tmp_path / "beat.json"]
    done = python("-m", "edge_runtime", "run", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = done.stderr.splitlines()  # and nothing that says it judges
    assert line.startswith("edge-runtime: error: ")
    assert line.endswith(reason)


def test_a_watched_directory_that_is_missing_at_the_start_is_waited_for_while_others_are_judged(
    bundle: Bundle, inbox: Path, tmp_path: Path
) -> None:
    late, beat = tmp_path / "late", tmp_path / "beat.json"
    with started(bundle, beat, f"watch:{late}", "--source", f"watch:{inbox}") as process:
        assert process.stdout
        assert process.stderr
        missing = "cannot be read: No such file or directory"
        assert process.stderr.readline() == f"edge-runtime: watch:{late}: {missing}; it is waited for\n"
        lost = json.loads(process.stdout.readline())
        assert (lost["source"], lost["state"], lost["reason"]) == (f"watch:{late}", "lost", missing)
        save(inbox / "1.png")
        assert json.loads(process.stdout.readline())["path"] == str(inbox / "1.png")
        late.mkdir()
        live = json.loads(process.stdout.readline())
        assert (live["source"], live["state"]) == (f"watch:{late}", "live")
        save(late / "2.png")
        assert json.loads(process.stdout.readline())["path"] == str(late / "2.png")
        process.terminate()
        process.communicate(timeout=DEADLINE)
        assert process.returncode == 0


def test_that_it_judges_is_said_when_sources_and_sinks_are_there_and_not_before(
    bundle: Bundle, inbox: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        beat = ("--heartbeat", tmp_path / "beat.json", "--http", address)
        done = python("-m", "edge_runtime", "run", "--bundle", bundle.directory, "--source", f"watch:{inbox}", *beat)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "cannot listen there: Address already in use" in line


def test_one_png_on_standard_input_is_judged(bundle: Bundle, pictures: Path, tmp_path: Path) -> None:
    arguments = ["--bundle", bundle.directory, "--source", "-", "--heartbeat", tmp_path / "beat.json"]
    command = [sys.executable, "-m", "edge_runtime", "run", *map(str, arguments)]
    with min(pictures.rglob("*.png")).open("rb") as file:
        done = subprocess.run(command, cwd=ROOT, stdin=file, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["type"] == "prediction"


@pytest.mark.parametrize(("place", "times"), [("/proc/none", 1), ("", 0)])
def test_where_no_choice_of_a_variant_can_be_remembered_it_is_said_once(
    place: str, times: int, bundle: Bundle, pictures: Path, tmp_path: Path
) -> None:
    arguments = ("--bundle", bundle.directory, "--source", pictures, "--heartbeat", tmp_path / "beat.json")
    environment = os.environ | {"CACHE_DIRECTORY": place or str(tmp_path / "cache")}
    done = python("-m", "edge_runtime", "run", *arguments, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("auto.json cannot be written, so that --variant auto measures at every start") == times
    assert done.stderr.count("Name it with --variant, or set CACHE_DIRECTORY to a directory that stays") == times


def test_a_watched_directory_that_vanishes_is_told_and_taken_up_again(
    bundle: Bundle, inbox: Path, tmp_path: Path
) -> None:
    with running(bundle, tmp_path / "beat.json", f"watch:{inbox}") as process:
        assert process.stdout
        os.rmdir(inbox)
        lost = json.loads(process.stdout.readline())
        assert (lost["state"], lost["reason"]) == ("lost", "cannot be read: No such file or directory")
        eventually(lambda: f"watch:{inbox} is lost" in health(tmp_path / "beat.json").stdout, "health names it")
        inbox.mkdir()
        assert json.loads(process.stdout.readline())["state"] == "live"
        save(inbox / "1.png")
        assert json.loads(process.stdout.readline())["type"] == "prediction"


def test_the_same_source_given_twice_is_refused(bundle: Bundle, inbox: Path) -> None:
    done = python("-m", "edge_runtime", "run", "--bundle", bundle.directory, *["--source", f"watch:{inbox}"] * 2)
    assert (done.returncode, done.stderr) == (2, f"edge-runtime: error: run: source watch:{inbox}: given twice\n")


def test_many_signals_at_once_still_end_it(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    with running(bundle, tmp_path / "beat.json", f"watch:{inbox}") as process:
        for _ in range(200):
            process.terminate()
            process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE) == 0


def test_a_second_run_does_not_take_over_the_heartbeat_of_the_first(
    bundle: Bundle, inbox: Path, pictures: Path, tmp_path: Path
) -> None:
    beat = tmp_path / "beat.json"
    with running(bundle, beat, f"watch:{inbox}"):
        arguments = ("--bundle", bundle.directory, "--source", pictures, "--heartbeat", beat)
        second = python("-m", "edge_runtime", "run", *arguments)
        assert second.returncode == 1
        (line,) = second.stderr.splitlines()
        assert f"process {read(beat).pid} beats there; give each 'run' a --heartbeat of its own" in line
        assert health(beat).returncode == 0


def test_after_a_kill_the_next_run_starts_at_once_on_the_same_heartbeat(
    bundle: Bundle, inbox: Path, pictures: Path, tmp_path: Path
) -> None:
    beat = tmp_path / "beat.json"
    with running(bundle, beat, f"watch:{inbox}") as process:
        process.kill()
        process.wait(DEADLINE)
    arguments = ("--bundle", bundle.directory, "--source", pictures, "--heartbeat", beat)
    assert python("-m", "edge_runtime", "run", *arguments).returncode == 0
