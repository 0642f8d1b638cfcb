import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from edge_runtime.device.process import end, lives, start_of, started
from tests.edge_runtime.samples import DEADLINE, eventually

STAT = "{} ({}) {} 1 812 812 0 -1 4194560 22 0 0 0 3 1 0 0 20 0 4 0 {} 8282112 1408 18446744073709551615 1 1 0 0"


@pytest.mark.parametrize("name", ["python3", "tmux: server", "a) b", "(((", ") S 1 2 3", ""])
def test_the_start_is_read_whatever_the_process_is_called(name: str) -> None:
    assert start_of(STAT.format(812, name, "S", 4711)) == 4711


@pytest.mark.parametrize("state", ["Z", "X"])
def test_a_process_that_has_ended_and_waits_for_its_parent_has_no_start(state: str) -> None:
    assert start_of(STAT.format(812, "python3", state, 4711)) is None


def test_what_is_no_stat_has_no_start() -> None:
    assert start_of("") is None
    assert start_of("812 (python3) S 1") is None


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        yield other
        other.kill()


def test_a_process_is_known_by_its_number_and_start(other: subprocess.Popen[bytes]) -> None:
    start = started(other.pid)
    assert start
    assert start >= (started(os.getpid()) or 0)
    assert lives(other.pid, start)
    assert lives(other.pid, 0)
    assert not lives(other.pid, start + 1)
    other.kill()
    eventually(lambda: not lives(other.pid, start), "its end, before its parent has asked for it")
    other.wait(DEADLINE)
    assert not lives(other.pid, 0)
    assert started(other.pid) is None


def test_it_ends_that_process_and_no_other(other: subprocess.Popen[bytes]) -> None:
    start = started(other.pid) or 0
    assert end(other.pid, start + 1).startswith("it is left alone")
    assert end(other.pid, 0).startswith("it is left alone")
    assert other.poll() is None
    assert end(other.pid, start) == "it was ended with SIGKILL"
    assert other.wait(DEADLINE) == -signal.SIGKILL
    assert end(other.pid, start) == "it is not there any more"
