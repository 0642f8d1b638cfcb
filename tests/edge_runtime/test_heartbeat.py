import os
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from edge_runtime.bundle import fields
from edge_runtime.device.process import started
from edge_runtime.errors import EdgeError
from edge_runtime.heartbeat import Beat, Heartbeat, age, boot, default_path, likely_path, read
from tests.edge_runtime.samples import in_a_process


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


BEAT = Beat(1, "this boot", 100.0, "lamp", 0, 0)


def test_what_was_beaten_is_read(tmp_path: Path) -> None:
    Heartbeat(tmp_path / "run" / "beat.json", "lamp 1.0", clock=Clock()).beat(3, 1, {"camera:": 2})
    beat = read(tmp_path / "run" / "beat.json")
    assert (beat.model, beat.predictions, beat.rejections, beat.dropped) == ("lamp 1.0", 3, 1, {"camera:": 2})
    assert (beat.at, beat.boot) == (100.0, boot())
    assert (beat.pid, beat.started) == (os.getpid(), started(os.getpid()))


def test_it_beats_no_more_often_than_its_interval(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "beat.json"
    heart = Heartbeat(path, "lamp", interval=2.0, clock=clock)
    heart.beat(1, 0, {})
    clock.now += 1.9
    heart.beat(2, 0, {})
    assert read(path).predictions == 1
    clock.now += 0.2
    heart.beat(3, 0, {})
    assert read(path).predictions == 3


@pytest.mark.parametrize(
    ("now", "boot_now", "expected"),
    [
        (103.5, "this boot", 3.5),
        (100.0, "this boot", 0.0),
        (103.5, "a later boot", float("inf")),
        (99.0, "this boot", float("inf")),  # a clock since boot that went back is another boot's
    ],
)
def test_the_age_of_a_beat(now: float, boot_now: str, expected: float) -> None:
    assert age(BEAT, now, boot_now) == expected


def test_a_beat_is_aged_on_the_clock_since_boot_not_on_the_calendar(tmp_path: Path) -> None:
    # The calendar of another process is set 30 years ahead of the file's: `health` in it still calls the beat young.
    path = tmp_path / "beat.json"
    Heartbeat(path, "lamp").beat(0, 0, {})
    code = """
import os, sys
os.utime(sys.argv[1], (0, 0))
from edge_runtime.commands.main import main
sys.exit(main(["health", "--heartbeat", sys.argv[1], "--max-age", "30"]))
"""
    assert in_a_process(code, path).returncode == 0


def test_a_place_where_another_process_beats_is_refused_and_one_whose_number_was_given_again_is_not(
    tmp_path: Path,
) -> None:
    path, parent = tmp_path / "beat.json", os.getppid()
    beat = Beat(parent, boot(), time.monotonic(), "lamp", 0, 0, {}, started(parent) or 0)
    path.write_bytes(fields.canonical(asdict(beat)))
    with pytest.raises(EdgeError, match=rf"process {parent} beats there; give each 'run' a --heartbeat of its own"):
        Heartbeat(path, "lamp").begin()
    path.write_bytes(fields.canonical(asdict(replace(beat, started=beat.started + 1))))
    Heartbeat(path, "lamp").begin()


def test_after_the_end_there_is_no_heartbeat(tmp_path: Path) -> None:
    path = tmp_path / "beat.json"
    heart = Heartbeat(path, "lamp")
    heart.beat(0, 0, {})
    heart.end()
    heart.end()  # twice is no error
    with pytest.raises(EdgeError, match=r"beat\.json: no heartbeat; 'run' is not running or beats elsewhere"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"pid": "x"}', b'{"pid": 1, "beep": 2}'])
def test_a_file_that_is_no_heartbeat_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "beat.json").write_bytes(content)
    with pytest.raises(EdgeError, match=r"beat\.json: not a heartbeat"):
        read(tmp_path / "beat.json")


def test_a_directory_is_no_heartbeat(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="not a heartbeat"):
        read(tmp_path)


def test_a_place_that_cannot_be_written_is_told_with_the_option_that_changes_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told: list[str] = []
    with pytest.raises(EdgeError, match=r"no heartbeat can be written: .*; see --heartbeat"):
        Heartbeat(tmp_path / "file" / "beat.json", "lamp", also=told.append).beat(0, 0, {})
    assert told == []  # that it judges is nobody told who could not see it later
    Heartbeat(tmp_path / "beat.json", "lamp", also=told.append).beat(7, 0, {})
    assert told == ["lamp; 7 predictions, 0 rejected"]


def test_the_default_place_is_this_users_alone() -> None:
    assert default_path().name == "heartbeat.json"
    assert default_path().is_absolute()


def test_without_one_of_this_user_the_services_heartbeat_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    service = tmp_path / "service.json"
    assert likely_path(service) == default_path()
    service.touch()
    assert likely_path(service) == service
    Heartbeat(default_path(), "lamp").beat(0, 0, {})
    assert likely_path(service) == default_path()
