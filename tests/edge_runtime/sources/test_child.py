import os
import sys
import time
from pathlib import Path

import pytest

from edge_runtime.sources.child import Child
from edge_runtime.sources.reconnect import LostError
from tests.edge_runtime.samples import DEADLINE
from tests.edge_runtime.sources.taking import SOON


def program(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def all_of(child: Child, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = child.read(DEADLINE)
        assert part
        data += part
    return data


def test_what_it_writes_is_read_and_it_is_told_things() -> None:
    with Child(program("print(input()[::-1], flush=True); input()")) as child:
        child.tell(b"abc\n")
        assert all_of(child, 4) == b"cba\n"
        assert child.read(0.01) == b""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise SystemExit(3)", "its process ({}) has ended with exit code 3"),
        ("import os; os.kill(os.getpid(), 11)", "its process ({}) was ended by SIGSEGV"),
    ],
)
def test_one_that_ends_is_lost_with_how_it_ended(code: str, reason: str) -> None:
    with Child(program(code)) as child, pytest.raises(LostError) as lost:
        child.read(DEADLINE)
    assert str(lost.value) == reason.format(Path(sys.executable).name)


def test_one_that_is_not_installed_is_lost() -> None:
    with pytest.raises(LostError, match="no-such-program cannot be started: No such file or directory"):
        Child(["no-such-program"]).__enter__()


def test_telling_one_that_has_ended_is_no_failure() -> None:
    with Child(program("")) as child:
        with pytest.raises(LostError):
            child.read(DEADLINE)
        child.tell(b"hello?")


@pytest.mark.parametrize(
    "code",
    [
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)",
        "import os; print(1, flush=True); os.kill(os.getpid(), 19)",
    ],
    ids=["deaf", "stopped"],
)
def test_leaving_ends_it_whatever_it_does(code: str) -> None:
    with Child(program(code)) as child:
        all_of(child, 2)
        pid, start = child.pid, time.monotonic()
    assert time.monotonic() - start < SOON
    assert not Path(f"/proc/{pid}").exists()


def test_ctrl_c_in_the_terminal_is_not_for_it() -> None:
    with Child(program("print(1, flush=True); input()")) as child:
        all_of(child, 2)
        assert os.getpgid(child.pid) != os.getpgid(0)


def test_its_messages_are_kept_to_itself(capfd: pytest.CaptureFixture[str]) -> None:
    with Child(program("import sys; print('rtsp://u:geheim@x', file=sys.stderr); print(1)")) as child:
        all_of(child, 2)
    assert capfd.readouterr() == ("", "")


def test_more_descriptors_than_select_knows_are_no_matter() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 1200
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (max(soft, wanted) if hard == -1 else min(max(soft, wanted), hard), hard)
    )
    held: list[int] = []
    try:
        while not held or held[-1] < 1024:
            held.append(os.open(os.devnull, os.O_RDONLY))
        with Child(program("print(1)")) as child:
            assert all_of(child, 2) == b"1\n"
    finally:
        for number in held:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
