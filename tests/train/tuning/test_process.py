import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT
from train.tuning.process import StepError, run_step


@pytest.fixture
def held(tmp_path: Path) -> Iterator[int]:
    handle = os.open(tmp_path, os.O_RDONLY)
    yield handle
    os.close(handle)


def test_a_step_that_succeeds_leaves_its_words_in_the_log(tmp_path: Path, held: int) -> None:
    log = tmp_path / "log"
    log.write_text("before\n")
    assert run_step(["calendar", "2026", "11"], log, held) == "done"
    assert log.read_text().startswith("before\n")
    assert "November 2026" in log.read_text()


def test_a_step_that_fails_gives_its_own_reason(tmp_path: Path, held: int) -> None:
    with pytest.raises(StepError) as caught:
        run_step(["train", "evaluate", str(tmp_path / "none")], tmp_path / "log", held)
    assert str(caught.value) == f"{tmp_path / 'none'}: no such run; train one with 'python -m train fit'"


def test_a_step_that_was_killed_says_by_what(tmp_path: Path, held: int) -> None:
    kill = f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"
    with pytest.raises(StepError, match="ended by SIGKILL: was there enough memory"):
        run_step(["timeit", "-n1", kill], tmp_path / "log", held)


def test_a_hopeless_step_is_ended(tmp_path: Path, held: int) -> None:
    wait = "import threading; threading.Event().wait()"
    assert run_step(["timeit", "-n1", wait], tmp_path / "log", held, lambda: True) == "ended"


def test_a_step_ends_when_who_started_it_is_gone() -> None:
    code = (
        "import threading; from train.tuning.process import end_with_parent\n"
        "threading.Thread(target=end_with_parent, daemon=True).start()\n"
        "threading.Event().wait()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == -signal.SIGTERM
