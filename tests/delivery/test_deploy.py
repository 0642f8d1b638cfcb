import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from tools.delivery.deploy import main, parse


def test_the_command_line_becomes_settings() -> None:
    settings = parse(["pi@device", "--bundle", "b", "--source", "watch:/a"])
    assert (settings.host, settings.bundle, settings.source, settings.options) == (
        "pi@device",
        Path("b"),
        "watch:/a",
        None,
    )


@pytest.mark.parametrize("arguments", [[], ["pi@device"], ["pi@device", "--bundle", "b", "--wait", "0"]])
def test_a_command_line_that_makes_no_sense_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["pi@device", "--bundle", "{tmp}/missing"], 1, "missing: no such bundle"),
        (["pi@device", "--bundle", "{tmp}"], 1, "it has no manifest.json"),
        (["-x", "--remove"], 2, ""),
    ],
)
def test_what_is_wrong_here_is_told_before_anybody_is_called(
    arguments: list[str],
    code: int,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", ["deploy", *(word.format(tmp=tmp_path) for word in arguments)])
    monkeypatch.setenv("PATH", str(tmp_path))  # no ssh to call
    try:
        ended: object = main()
    except SystemExit as left:
        ended = left.code
    assert ended == code
    assert sentence in capsys.readouterr().err


def test_it_needs_nothing_but_what_builds_the_wheel() -> None:
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numpy", "PIL", "tensorflow", "keras", "yaml"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import tools.delivery.deploy, tools.delivery.deb
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
