import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from edge_runtime import heartbeat
from edge_runtime.bundle import fields
from edge_runtime.bundle.store import Bundle
from edge_runtime.device import process
from edge_runtime.heartbeat import Beat
from tests.edge_runtime.commands.running import health, running
from tests.edge_runtime.samples import DEADLINE, eventually, save


def test_health_says_alive_while_it_runs_and_not_after(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    beat = tmp_path / "beat.json"
    with running(bundle, beat, f"watch:{inbox}") as process:
        alive = health(beat)
        assert (alive.returncode, alive.stderr) == (0, "")
        assert alive.stdout.startswith(f"alive: {bundle.title} full_int8.tflite; 0 predictions, 0 rejected; beat ")
        process.terminate()
        process.wait(DEADLINE)
    gone = health(beat)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "no heartbeat; 'run' is not running or beats elsewhere" in gone.stderr


def test_a_killed_run_turns_unhealthy(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    beat = tmp_path / "beat.json"
    with running(bundle, beat, f"watch:{inbox}") as process:
        process.kill()
        process.wait(DEADLINE)
        assert beat.exists()
    eventually(lambda: health(beat, "--max-age", 0.2).returncode == 1, "unhealthy")
    assert f"unhealthy: process {heartbeat.read(beat).pid} last beat" in health(beat, "--max-age", 0.2).stderr
    assert health(beat, "--max-age", 3600).returncode == 0


def test_after_a_failure_health_does_not_call_it_alive(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    beat = tmp_path / "beat.json"
    with running(bundle, beat, f"watch:{inbox}") as process:
        assert process.stdout
        process.stdout.close()  # who reads the results has gone
        save(inbox / "1.png")
        assert process.wait(DEADLINE) == 0
    assert health(beat).returncode == 1


def age(path: Path) -> float:
    return heartbeat.age(heartbeat.read(path), time.monotonic(), heartbeat.boot())


def test_a_run_that_hangs_is_unhealthy_and_is_ended_only_where_that_is_asked_for(
    bundle: Bundle, inbox: Path, tmp_path: Path
) -> None:
    beat = tmp_path / "beat.json"
    with running(bundle, beat, f"watch:{inbox}") as hanging:
        judging = heartbeat.read(beat).pid
        os.kill(judging, signal.SIGSTOP)
        eventually(lambda: age(beat) > 2, "two seconds without a beat")
        told = health(beat, "--max-age", 1)
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr.endswith(" s ago, at most 1 s allowed\n")
        assert health(beat, "--max-age", 1, "--end-after", 3600).returncode == 1
        assert hanging.poll() is None

        told = health(beat, "--max-age", 1, "--end-after", 2)
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr.startswith(f"edge-runtime: error: unhealthy: process {judging} last beat ")
        assert told.stderr.endswith("; it was ended with SIGKILL\n")
        assert hanging.wait(DEADLINE) == -signal.SIGKILL
    again = health(beat, "--max-age", 1, "--end-after", 2)
    assert (again.returncode, again.stderr.partition("; ")[2]) == (1, "it is not there any more\n")


def test_a_healthy_run_is_never_ended(bundle: Bundle, inbox: Path, tmp_path: Path) -> None:
    beat = tmp_path / "beat.json"
    with running(bundle, beat, f"watch:{inbox}") as process:
        for _ in range(20):
            told = health(beat, "--max-age", 15, "--end-after", 16)
            assert (told.returncode, told.stderr) == (0, "")
        assert process.poll() is None


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that has never beaten."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        yield bystander
        bystander.kill()


def old_beat(pid: int) -> Beat:
    """A beat that `pid` is said to have made a minute ago."""
    return Beat(pid, heartbeat.boot(), time.monotonic() - 60, "lamp", 0, 0, {}, process.started(pid) or 0)


def write(path: Path, beat: Beat) -> None:
    path.write_bytes(fields.canonical(asdict(beat)))


@pytest.mark.parametrize("difference", [1, -1, None])
def test_a_process_that_got_the_number_later_is_left_alone(
    difference: int | None, bystander: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    beat = old_beat(bystander.pid)
    start = 0 if difference is None else beat.started + difference  # 0: the one that beat could not tell its start
    write(tmp_path / "beat.json", replace(beat, started=start))
    told = health(tmp_path / "beat.json", "--end-after", 30)
    assert told.returncode == 1
    assert told.stderr.endswith(f"; it is left alone, because {bystander.pid} may be another process here\n")
    assert bystander.poll() is None


def test_a_beat_of_an_earlier_boot_ends_nothing(bystander: subprocess.Popen[bytes], tmp_path: Path) -> None:
    write(tmp_path / "beat.json", replace(old_beat(bystander.pid), boot="an earlier one"))
    told = health(tmp_path / "beat.json", "--end-after", 30)
    assert (told.returncode, told.stderr.partition("last beat ")[2]) == (1, "before this boot, at most 15 s allowed\n")
    assert bystander.poll() is None


def test_a_process_that_beats_again_after_a_pause_is_left_alone(
    bystander: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    # A pipe for a heartbeat: `health` waits at each look until somebody writes, so what it finds is certain.
    pipe = tmp_path / "beat.json"
    os.mkfifo(pipe)
    old = old_beat(bystander.pid)

    def nobody_looks() -> bool:
        try:
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return True
        return False

    def beat_again() -> None:
        write(pipe, old)
        eventually(nobody_looks, "the end of the first look")
        write(pipe, replace(old, at=time.monotonic()))

    threading.Thread(target=beat_again, daemon=True).start()
    told = health(pipe, "--end-after", 30)
    assert (told.returncode, told.stderr) == (0, "")
    assert bystander.poll() is None


@pytest.mark.parametrize("limit", ["15", "14", "-1", "nan"])
def test_nothing_is_ended_before_it_is_unhealthy(limit: str, tmp_path: Path) -> None:
    told = health(tmp_path / "beat.json", f"--end-after={limit}")
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.endswith(": more than --max-age (15) expected\n")
