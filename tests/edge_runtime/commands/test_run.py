import json
import os
import signal
import time
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle
from edge_runtime.heartbeat import read
from tests.edge_runtime.commands.running import health, running
from tests.edge_runtime.samples import DEADLINE, eventually, save
from tests.support import python


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
        ("watch:/no/such/place", 1, "watch:/no/such/place: cannot be read: No such file or directory"),
        ("wacth:x", 2, "no source is called 'wacth:'; did you mean 'watch'?"),
        ("none.png", 2, "none.png: no such file or directory"),
    ],
)
def test_a_source_that_cannot_be_opened_is_refused(
    source: str, code: int, reason: str, bundle: Bundle, tmp_path: Path
) -> None:
    arguments = ["--bundle", bundle.directory, "--source", source, "--heartbeat", tmp_path / "beat.json"]
    done = python("-m", "edge_runtime", "run", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.splitlines()[-1].endswith(reason)
    assert "Traceback" not in done.stderr


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
        assert second.returncode == 2
        assert f"process {read(beat).pid} beats there" in second.stderr
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
