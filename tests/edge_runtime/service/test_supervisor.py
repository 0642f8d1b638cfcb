import os
import signal
import subprocess
import sys
from pathlib import Path

from edge_runtime.service.supervisor import ALLOWED, PAUSE, WINDOW, Record
from tests.edge_runtime.samples import DEADLINE, eventually
from tests.support import ROOT

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from edge_runtime.service import supervisor
from edge_runtime.service.notify import Notifier
supervisor.PAUSE = 0.01
place = Path(sys.argv[1])
def say(text):
    with (place / "log").open("a") as file:
        file.write(text + chr(10))
def changed():
    return (place / "another").exists()
{work}
class Configuration:
    def __init__(self): self.number, self.former = 1, None
    def renew(self):
        self.former, self.number = self.number, self.number + 1
    def go_back(self):
        if self.former is None: return False
        self.number, self.former = self.former, None
        return True
configuration = Configuration()
sys.exit(supervisor.supervise(work, changed, Notifier(), configuration))
"""
CRASHING = """
def work(announce, held_back):
    say("held back: " + ",".join(sorted(held_back)))
    left = [model for model in ("int8", "float") if model not in held_back]
    if (place / "another").exists():
        left = ["other"]
    if not left:
        return supervisor.HELD_BACK
    announce(left[0])
    if left[0] == sys.argv[2] or sys.argv[2] == "all" and left[0] != "other":
        import ctypes
        ctypes.string_at(0)
    return 5
"""
WAITING = """
def work(announce, held_back):
    heard = []
    def hear(number, frame):
        heard.append(number)
        say(f"met {number}")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, hear)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
    say(f"child {os.getpid()}")
    while len(heard) < 2:  # not signal.pause(): a signal may come just before it
        time.sleep(0.01)
    return 7
"""


def started(work: str, place: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", PROGRAM.replace("{work}", work), str(place), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def log(place: Path) -> list[str]:
    path = place / "log"
    return path.read_text().splitlines() if path.exists() else []


def test_the_third_crash_of_a_model_holds_it_back_for_good() -> None:
    record = Record()
    assert [record.note("int8", at) for at in (0.0, 1.0)] == [PAUSE, 2 * PAUSE]
    assert record.held_back(1.0) == frozenset()
    record.note("int8", 2.0)
    assert record.held_back(2.0) == {"int8"}
    assert record.held_back(10 * WINDOW) == {"int8"}


def test_crashes_far_apart_do_not_add_up() -> None:
    record = Record()
    for at in (0.0, WINDOW, 2 * WINDOW, 3 * WINDOW):
        assert record.note("int8", at) == PAUSE
    assert record.held_back(3 * WINDOW) == frozenset()


def test_each_model_has_crashes_of_its_own() -> None:
    record = Record()
    for at in range(ALLOWED):
        record.note(f"model {at}", float(at))
    assert record.held_back(3.0) == frozenset()


def test_a_model_that_crashes_is_started_again_then_held_back_and_another_takes_over(tmp_path: Path) -> None:
    with started(CRASHING, tmp_path, "int8") as program:
        _, talk = program.communicate(timeout=DEADLINE)
    assert program.returncode == 5
    assert log(tmp_path) == ["held back: "] * 3 + ["held back: int8"]
    assert "int8 crashed its process (SIGSEGV); starting again in" in talk
    assert "int8 crashed its process 3 times (SIGSEGV); it is held back" in talk
    assert "Fatal Python error: Segmentation fault" in talk  # and where


def waits(program: "subprocess.Popen[str]") -> None:
    """Returns when the parent has nothing left to judge with.

    Not when the child says so: it has no handler then, dies of a signal, and its parent ends the same way.
    """
    assert program.stderr
    assert any("no model is left to judge with; waiting for another bundle" in line for line in program.stderr)


def test_when_every_model_is_held_back_it_waits_for_another_bundle(tmp_path: Path) -> None:
    with started(CRASHING, tmp_path, "all") as program:
        waits(program)
        assert program.poll() is None
        (tmp_path / "another").touch()
        program.send_signal(signal.SIGHUP)  # the next look is at once
        assert program.wait(DEADLINE) == 5


def test_while_it_waits_a_stop_ends_it(tmp_path: Path) -> None:
    with started(CRASHING, tmp_path, "all") as program:
        waits(program)
        program.terminate()
        assert program.wait(DEADLINE) == 0


def test_a_stop_that_meets_a_child_on_its_way_out_ends_it(tmp_path: Path) -> None:
    """It was lost when it came after the child's last word and before the parent knew."""
    deaf = """
def work(announce, held_back):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    os.kill(os.getppid(), signal.SIGTERM)
    return supervisor.HELD_BACK
"""
    with started(deaf, tmp_path) as program:
        assert program.wait(DEADLINE) == 0


def test_a_stop_between_two_children_ends_it(tmp_path: Path) -> None:
    """It killed the parent, which has no handler while no child runs."""
    crashing = "supervisor.PAUSE = 60" + CRASHING
    with started(crashing, tmp_path, "all") as program:
        assert program.stderr
        assert any("starting again in 60 s" in line for line in program.stderr)
        program.terminate()
        assert program.wait(DEADLINE) == 0


def test_a_reload_asked_for_while_a_child_begins_is_heard_when_it_can_be(tmp_path: Path) -> None:
    """It killed child and parent: systemd takes that for a clean end, and starts nothing again."""
    beginning = """
def work(announce, held_back):
    os.kill(os.getppid(), signal.SIGHUP)
    while signal.SIGHUP not in signal.sigpending():
        time.sleep(0.01)
    signal.signal(signal.SIGHUP, lambda number, frame: say("heard"))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
    return 5
"""
    with started(beginning, tmp_path) as program:
        assert program.wait(DEADLINE) == 5
    assert log(tmp_path) == ["heard"]


def test_signals_reach_the_child_and_its_exit_code_comes_back(tmp_path: Path) -> None:
    with started(WAITING, tmp_path) as program:
        eventually(lambda: log(tmp_path), "the child runs")
        program.send_signal(signal.SIGHUP)
        eventually(lambda: f"met {signal.SIGHUP.value}" in log(tmp_path), "SIGHUP has come through")
        program.terminate()
        assert program.wait(DEADLINE) == 7
    assert log(tmp_path)[1:] == [f"met {signal.SIGHUP.value}", f"met {signal.SIGTERM.value}"]


def test_a_child_that_is_killed_ends_the_parent_the_same_way(tmp_path: Path) -> None:
    with started(WAITING, tmp_path) as program:
        eventually(lambda: log(tmp_path), "the child runs")
        os.kill(int(log(tmp_path)[0].split()[1]), signal.SIGKILL)
        assert program.wait(DEADLINE) == -signal.SIGKILL


def test_a_parent_that_is_killed_takes_its_child_along(tmp_path: Path) -> None:
    with started(WAITING, tmp_path) as program:
        eventually(lambda: log(tmp_path), "the child runs")
        child = Path("/proc", log(tmp_path)[0].split()[1])
        program.kill()
        program.wait(DEADLINE)
        eventually(lambda: not child.exists() or ") Z " in (child / "stat").read_text(), "the child has ended")


def test_a_defect_shows_its_traceback(tmp_path: Path) -> None:
    with started("def work(announce, held_back):\n    1 // 0\n", tmp_path) as program:
        _, talk = program.communicate(timeout=DEADLINE)
    assert program.returncode == 1
    assert "ZeroDivisionError" in talk


def test_the_parent_imports_nothing_heavy() -> None:
    code = "import sys, edge_runtime.service.supervisor; print(sorted({'numpy', 'PIL', 'json'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


RELOADING = """
def work(announce, held_back):
    say(f"by {configuration.number}")
    if configuration.number == 2:
        return 1
    announce(supervisor.READY)
    seen = (place / "log").read_text().split()
    return supervisor.RELOAD if seen.count("1") == 1 else 5
"""


def test_a_new_configuration_that_cannot_begin_gives_way_to_the_former_one(tmp_path: Path) -> None:
    with started(RELOADING, tmp_path) as program:
        _, talk = program.communicate(timeout=DEADLINE)
    assert program.returncode == 5
    assert log(tmp_path) == ["by 1", "by 2", "by 1"]
    assert "the new configuration cannot begin; going on with the former one" in talk


def test_a_failure_at_the_first_start_is_no_matter_of_configurations(tmp_path: Path) -> None:
    with started("def work(announce, held_back):\n    return 3\n", tmp_path) as program:
        assert program.wait(DEADLINE) == 3
