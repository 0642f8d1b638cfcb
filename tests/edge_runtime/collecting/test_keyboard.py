"""Keys of a real pseudo-terminal."""

import contextlib
import os
import pty
import signal
import termios
from collections.abc import Iterator

import pytest

from edge_runtime.collecting.keyboard import END, Keyboard
from tests.edge_runtime.samples import eventually


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """What a person types into, and what a program reads from."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    for descriptor in (ours, theirs):
        try:
            os.close(descriptor)
        except OSError:  # a test has hung up
            continue


def pressed(keyboard: Keyboard) -> str:
    found = ""

    def look() -> str:
        nonlocal found
        found += keyboard.pressed()
        return found

    eventually(look, "a key")
    return found


def test_keys_come_without_enter_and_are_not_shown(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    with Keyboard(theirs) as keyboard:
        assert keyboard.pressed() == ""
        os.write(ours, b"1 Q")
        assert pressed(keyboard) == "1 q"
        os.set_blocking(ours, False)
        with pytest.raises(BlockingIOError):
            os.read(ours, 1)


def test_arrows_are_no_keys_of_ours(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    with Keyboard(theirs) as keyboard:
        os.write(ours, b"\x1b[A\x1bOP\x1b[1;5D\x1b2")
        assert pressed(keyboard) == "2"


def test_the_terminal_is_as_it_was_afterwards(terminal: tuple[int, int]) -> None:
    _, theirs = terminal
    before, stop = termios.tcgetattr(theirs), signal.getsignal(signal.SIGTSTP)
    with contextlib.suppress(ZeroDivisionError), Keyboard(theirs):
        assert termios.tcgetattr(theirs) != before
        raise ZeroDivisionError
    assert termios.tcgetattr(theirs) == before
    assert signal.getsignal(signal.SIGTSTP) == stop


def test_ctrl_c_stays_what_it_is(terminal: tuple[int, int]) -> None:
    _, theirs = terminal
    with Keyboard(theirs):
        assert termios.tcgetattr(theirs)[3] & termios.ISIG


def test_a_terminal_that_hangs_up_ends_it(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    with Keyboard(theirs) as keyboard:
        os.close(ours)
        assert pressed(keyboard) == END


def test_where_there_is_no_terminal_nobody_presses_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert Keyboard.here() is None
    assert Keyboard.here() is None  # it is closed now
    monkeypatch.setattr("sys.stdin", None)
    assert Keyboard.here() is None
