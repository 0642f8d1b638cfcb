import pytest

from edge_runtime.commands.telling import Teller


def test_a_log_gets_no_line_that_changes(capsys: pytest.CaptureFixture[str]) -> None:
    teller = Teller(terminal=False)
    for number in range(100):
        teller.show(f"bolt {number}")
    teller.say("done")
    teller.end()
    assert capsys.readouterr().err == "edge-runtime: done\n"


def test_on_a_terminal_a_sentence_takes_the_place_of_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    teller = Teller(terminal=True, pause=0.0)
    teller.show("bolt 1")
    teller.show("bolt 1")
    teller.say("black")
    teller.show("nut 1, " * 50)
    teller.end()
    line = ("nut 1, " * 50)[:79]  # a longer one would wrap, and stay
    assert capsys.readouterr().err == f"\r\x1b[Kbolt 1\r\x1b[Kedge-runtime: black\n\r\x1b[K{line}\r\x1b[K"
