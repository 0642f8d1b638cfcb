import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge_runtime.errors import UsageError
from tests.support import ROOT
from tools.delivery.ssh import explain, ssh_command

needs_ssh = pytest.mark.skipif(shutil.which("ssh") is None, reason="OpenSSH's client is not on this machine")


def deploy(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.delivery.deploy", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


@needs_ssh
def test_a_host_that_does_not_exist_is_told_so() -> None:
    answer = deploy("pi@no-such-device.invalid", "--remove")
    assert answer.returncode == 1
    assert "pi@no-such-device.invalid: no such host; check the name" in answer.stderr
    assert "Traceback" not in answer.stderr


@needs_ssh
def test_a_closed_port_is_told_so() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, but nobody listens
        answer = deploy(f"ssh://pi@127.0.0.1:{closed.getsockname()[1]}", "--remove")
    assert answer.returncode == 1
    assert "nothing answers to ssh there" in answer.stderr


def test_without_ssh_the_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = deploy("pi@device", "--remove")
    assert answer.returncode == 1
    assert "ssh is missing on this machine: sudo apt install openssh-client" in answer.stderr


@pytest.mark.parametrize("host", ["", "-oProxyCommand=touch /tmp/owned"])
def test_an_option_in_the_place_of_the_host_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="a host is wanted"):
        ssh_command(host, None, terminal=False)


def test_nobody_is_asked_for_a_password_where_nobody_is() -> None:
    assert "BatchMode=yes" in ssh_command("pi@device", None, terminal=False)
    assert "BatchMode=yes" not in ssh_command("pi@device", None, terminal=True)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("ssh: connect to host pi port 22: Connection timed out", "is it switched on"),
        ("@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.", "ssh-keygen -R pi@d"),
        ("Host key verification failed.", "accept it once with: ssh pi@d"),
        ("pi@d: Permission denied (publickey,password).", "ssh-copy-id pi@d"),
        ("banner\nsomething new", "the connection ended: something new"),
        ("", "the connection ended"),
    ],
)
def test_what_ssh_says_becomes_a_sentence_with_what_to_do(said: str, sentence: str) -> None:
    assert sentence in explain("pi@d", said)
