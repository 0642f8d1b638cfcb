import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime.bundle.writer import write_bundle
from edge_runtime.errors import SignatureError
from export.signing.sign import sign
from tests.edge_runtime.samples import contents, manifest
from tests.signing import pair
from tests.support import ROOT
from tools.delivery import keys
from tools.delivery.command_line import parse
from tools.delivery.deploy import main


def test_the_command_line_becomes_settings() -> None:
    assert parse(["pi@device", "--bundle", "b", "--key", "our.pub"]).key == Path("our.pub")
    assert parse(["pi@device", "--bundle", "b", "--no-key"]).no_key
    settings = parse(["pi@device", "--bundle", "b", "--source", "watch:/a"])
    assert (settings.key, settings.no_key) == (None, False)
    assert (settings.host, settings.bundle, settings.source, settings.options) == (
        "pi@device",
        Path("b"),
        "watch:/a",
        None,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["pi@device"],
        ["pi@device", "--bundle", "b", "--wait", "0"],
        ["pi@device", "--bundle", "b", "--key", "k", "--no-key"],
    ],
)
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


@pytest.mark.parametrize(
    ("signer", "key", "code", "sentence"),
    [
        (None, "our.pub", 1, "lamp: not signed, it has no model.sig, and here a key was given"),
        ("other", "our.pub", 1, "model.sig: made with another key ("),
        ("our", "our.key", 2, "our.key: a private key, which belongs on no device"),
        ("our", "none.pub", 2, "none.pub: no such file; a key's file was expected"),
        ("our", "our.pub", 1, "ssh is missing on this machine"),  # all is well, and the device would be called now
    ],
)
def test_a_bundle_that_the_device_would_refuse_is_told_before_anybody_is_called(
    signer: str | None,
    key: str,
    code: int,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lamp = write_bundle(tmp_path / "lamp", manifest(), contents())
    pairs = {name: pair(tmp_path, name) for name in ("our", "other")}
    (tmp_path / "our.key").write_bytes(pairs["our"].pem())
    if signer:
        sign(lamp.directory, pairs[signer])
    monkeypatch.setattr(
        "sys.argv", ["deploy", "pi@device", "--bundle", str(lamp.directory), "--key", f"{tmp_path}/{key}"]
    )
    monkeypatch.setenv("PATH", str(tmp_path))  # no ssh to call
    assert main() == code
    assert sentence in capsys.readouterr().err


def test_a_device_that_has_a_key_is_sent_no_bundle_that_nobody_signed(tmp_path: Path) -> None:
    lamp = write_bundle(tmp_path / "lamp", manifest(), contents())
    with pytest.raises(SignatureError, match=r"nothing was changed: .*lamp: not signed, .* or take the key back with"):
        keys.check_signed(lamp)
    sign(lamp.directory, pair(tmp_path))
    keys.check_signed(lamp)


def test_it_needs_nothing_but_what_builds_the_wheel() -> None:
    code = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("numpy", "PIL", "cryptography", "tensorflow", "keras", "yaml"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Refuse())
import tools.delivery.deploy, tools.delivery.deb
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
