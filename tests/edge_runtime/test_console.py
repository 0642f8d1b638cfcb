import errno
import subprocess
import sys

import pytest

from edge_runtime.console import did_you_mean, guard, say, without_passwords
from edge_runtime.errors import BundleError, EdgeError, IncompleteError, UsageError


@pytest.mark.parametrize(
    ("error", "code"),
    [(EdgeError("x"), 1), (UsageError("x"), 2), (IncompleteError("x"), 3), (BundleError("x"), 1)],
)
def test_an_error_is_one_sentence_and_its_exit_code(
    error: EdgeError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> int:
        raise error

    assert guard("program", work) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "program: error: x\n")


def test_ctrl_c_is_130_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        raise KeyboardInterrupt

    assert guard("program", work) == 130
    assert capsys.readouterr().err == "program: interrupted\n"


def test_a_defect_of_the_kit_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        guard("program", lambda: 1 // 0)


def test_what_the_work_returns_is_the_exit_code() -> None:
    assert guard("program", lambda: 0) == 0
    assert guard("program", lambda: 5) == 5


ENDLESS = """
import itertools, sys
from edge_runtime.console import guard
def work():
    for number in itertools.count():
        print(number)
sys.exit(guard("program", work))
"""
ONE_LINE = """
import sys
from edge_runtime.console import guard
sys.stdin.readline()  # until the reader is gone
sys.exit(guard("program", lambda: print("one line") or 0))
"""


TELL = """
import sys
from edge_runtime.console import guard, say
def work():
    say("message")
    print("result")
    return 0
sys.exit(guard("program", work))
"""


def test_a_reader_that_leaves_ends_a_program_quietly() -> None:
    pipeline = f"set -o pipefail; {sys.executable} -c '{ENDLESS}' | head -1".replace('"program"', '"program"')
    done = subprocess.run(["bash", "-c", pipeline], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_a_reader_that_left_before_the_last_flush_is_no_error() -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", ONE_LINE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdin
        assert program.stdout
        assert program.stderr
        program.stdout.close()
        program.stdin.write("go\n")
        program.stdin.flush()
        assert program.stderr.read() == ""
        assert program.wait(60) == 0


@pytest.mark.parametrize(("closed", "shown"), [("2>&-", b"result\n"), (">&-", b""), (">&- 2>&-", b"")])
def test_a_service_without_standard_streams_works_and_messages_never_become_results(closed: str, shown: bytes) -> None:
    command = ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, TELL]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, shown)


@pytest.mark.parametrize(
    ("word", "hint"), [("stretsh", "; did you mean 'stretch'?"), ("zzz", "; known: stretch, letterbox")]
)
def test_the_nearest_known_word_is_proposed_else_all(word: str, hint: str) -> None:
    assert did_you_mean(word, ["stretch", "letterbox"]) == hint


def test_a_full_disk_behind_standard_output_is_one_sentence() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-c", ENDLESS], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr.decode()) == (1, "program: error: No space left on device\n")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("rtsp://user:geheim@camera/1: gone", "rtsp://***@camera/1: gone"),
        ("two: http://a:geheim@b http://c:geheim@d.", "two: http://***@b http://***@d."),
        ("rtsp://user:geh@eim@camera", "rtsp://***@camera"),
        ("see https://example.org/a@b", "see https://example.org/a@b"),
        ("pictures/a@b.png, user@host", "pictures/a@b.png, user@host"),
    ],
)
def test_no_message_repeats_the_password_of_an_address(
    text: str, safe: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert without_passwords(text) == safe
    say(text)
    assert capsys.readouterr().err == f"{safe}\n"


def test_in_a_container_a_refused_file_names_the_user_but_not_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("edge_runtime.console.in_container", lambda: True)

    def refused(text: str) -> int:
        raise EdgeError(text) from PermissionError(errno.EACCES, "Permission denied", "/containers/out")

    guard("here", lambda: refused("/containers/out: cannot be written"))
    assert "this container runs as user" in capsys.readouterr().err
    guard("here", lambda: refused("/dev/video0: shut; in a container give it with --device"))
    assert "this container runs as user" not in capsys.readouterr().err
