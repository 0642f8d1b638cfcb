"""`python -m export keygen` and `sign`, as they are typed."""

import os
import pty
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from edge_runtime.bundle.manifest import SIGNATURE
from edge_runtime.bundle.store import Bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.trust import open_trusted
from tests.edge_runtime.samples import contents, manifest
from tests.support import ROOT, python


@pytest.fixture
def lamp(tmp_path: Path) -> Bundle:
    return write_bundle(tmp_path / "lamp", manifest(), contents())


def export(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = python("-m", "export", *words)
    assert done.returncode == code, done.stderr
    return done


def files(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


@pytest.mark.parametrize("kind", ["ed25519", "p256", "p384", "p521"])
def test_a_new_key_signs_a_bundle_and_its_public_half_lets_it_in(kind: str, lamp: Bundle, tmp_path: Path) -> None:
    made = export("keygen", tmp_path / "our", "--type", kind)
    hint = made.stdout.split(": ")[-1][:12]
    done = export("sign", lamp.directory, "--key", tmp_path / "our.key")
    assert done.stdout == f"bundle {lamp.title} is signed with the key {hint}\n"
    assert open_trusted(lamp.directory, [tmp_path / "our.pub"]).digest == lamp.digest


def test_keys_are_readable_for_their_owner_alone_and_whole_or_not_there(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        export("keygen", tmp_path)
    finally:
        os.umask(before)
    assert sorted(files(tmp_path)) == ["bundle.key", "bundle.pub"]
    assert stat.S_IMODE((tmp_path / "bundle.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "bundle.pub").stat().st_mode) == 0o644


@pytest.mark.parametrize("there", ["our.key", "our.pub"])
def test_a_key_is_never_overwritten(there: str, tmp_path: Path) -> None:
    (tmp_path / there).write_bytes(b"years of bundles")
    done = export("keygen", tmp_path / "our", code=2)
    assert f"{tmp_path / there}: is there already; a key is never overwritten, choose another name" in done.stderr
    assert files(tmp_path) == {there: b"years of bundles"}


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = export("keygen", tmp_path / "none" / "our", code=2)
    assert f"there is no directory {tmp_path / 'none'}" in done.stderr


def test_an_encrypted_key_signs_with_its_passphrase_only(lamp: Bundle, tmp_path: Path) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("correct horse\nand more\n")
    wrong.write_text("wrong horse\n")
    export("keygen", tmp_path / "our", "--passphrase-file", right)
    assert b"ENCRYPTED" in (tmp_path / "our.key").read_bytes()
    done = export("sign", lamp.directory, "--key", tmp_path / "our.key", "--passphrase-file", wrong, code=2)
    assert "our.key: the passphrase is another one" in done.stderr
    assert not lamp.file(SIGNATURE).exists()
    export("sign", lamp.directory, "--key", tmp_path / "our.key", "--passphrase-file", right)
    assert open_trusted(lamp.directory, [tmp_path / "our.pub"]).signer


def test_a_passphrase_is_typed_twice_and_never_shown(tmp_path: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(ROOT)
        os.execv(sys.executable, [sys.executable, "-m", "export", "keygen", str(tmp_path / "our"), "--passphrase"])
    shown = b""
    answers = [(b"passphrase of the new key: ", b"horse\n"), (b"once more: ", b"hose\n")]
    answers += [(b"passphrase of the new key: ", b"horse\n"), (b"once more: ", b"horse\n")]
    for question, answer in answers:
        asked = b""
        while not asked.endswith(question):
            asked += os.read(terminal, 1)
        os.write(terminal, answer)
        shown += asked
    try:
        while part := os.read(terminal, 1000):
            shown += part
    except OSError:  # how Linux tells that the other side has gone
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, shown
    assert b"these were two different ones" in shown
    assert b"horse" not in shown
    assert b"ENCRYPTED" in (tmp_path / "our.key").read_bytes()


def test_without_a_terminal_a_passphrase_must_come_from_a_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "export", "keygen", str(tmp_path / "our"), "--passphrase"]
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert "no terminal to type a passphrase at; give --passphrase-file FILE" in done.stderr
    assert files(tmp_path) == {}


def test_signing_changes_nothing_else_and_twice_changes_nothing(lamp: Bundle, tmp_path: Path) -> None:
    before = files(lamp.directory)
    export("keygen", tmp_path / "our", "--type", "p256")
    export("sign", lamp.directory, "--key", tmp_path / "our.key")
    first = files(lamp.directory)
    assert {name: first[name] for name in before} == before
    export("sign", lamp.directory, "--key", tmp_path / "our.key")
    assert files(lamp.directory) == first


def test_another_key_s_signature_is_replaced_and_that_is_said(lamp: Bundle, tmp_path: Path) -> None:
    for name in ("old", "new"):
        export("keygen", tmp_path / name)
    export("sign", lamp.directory, "--key", tmp_path / "old.key")
    done = export("sign", lamp.directory, "--key", tmp_path / "new.key")
    assert "export: the signature of another key (" in done.stderr
    assert open_trusted(lamp.directory, [tmp_path / "new.pub"]).signer


def test_the_tar_carries_the_signature(lamp: Bundle, tmp_path: Path) -> None:
    export("keygen", tmp_path / "our")
    export("sign", lamp.directory, "--key", tmp_path / "our.key", "--tar", tmp_path / "lamp.tar")
    with tarfile.open(tmp_path / "lamp.tar") as tar:
        tar.extractall(tmp_path / "elsewhere", filter="data")
    assert open_trusted(tmp_path / "elsewhere" / "lamp", [tmp_path / "our.pub"]).digest == lamp.digest


def test_a_tar_of_before_that_lies_beside_is_said_to_be_unsigned(lamp: Bundle, tmp_path: Path) -> None:
    export("keygen", tmp_path / "our")
    assert "tar" not in export("sign", lamp.directory, "--key", tmp_path / "our.key").stderr
    (tmp_path / "lamp.tar").touch()
    done = export("sign", lamp.directory, "--key", tmp_path / "our.key")
    assert f"{tmp_path / 'lamp.tar'} was packed before and is not signed: --tar {tmp_path / 'lamp.tar'}" in done.stderr


def test_a_bundle_that_is_damaged_is_not_signed(lamp: Bundle, tmp_path: Path) -> None:
    export("keygen", tmp_path / "our")
    lamp.file("README.md").write_bytes(b"# lump\n")
    done = export("sign", lamp.directory, "--key", tmp_path / "our.key", code=1)
    assert "README.md: sha256 " in done.stderr
    assert not lamp.file(SIGNATURE).exists()


def test_a_public_key_cannot_sign(lamp: Bundle, tmp_path: Path) -> None:
    export("keygen", tmp_path / "our")
    done = export("sign", lamp.directory, "--key", tmp_path / "our.pub", code=2)
    assert "our.pub: a public key; sign with the private one that was made with it" in done.stderr


def test_openssl_s_keys_sign_too(lamp: Bundle, tmp_path: Path) -> None:
    """Both ways in which OpenSSL writes an elliptic curve's private key."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "word").write_text("horse")
    path = tmp_path / "old.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"horse"))
    )
    export("sign", lamp.directory, "--key", path, "--passphrase-file", tmp_path / "word")
    assert lamp.file(SIGNATURE).exists()


def test_neither_imports_a_framework(lamp: Bundle, tmp_path: Path) -> None:
    code = """
import sys
from export.__main__ import main
assert main(["keygen", sys.argv[2]]) == 0
assert main(["sign", sys.argv[1], "--key", sys.argv[2] + ".key"]) == 0
print([name for name in ("tensorflow", "keras", "onnx", "onnxruntime", "ai_edge_litert") if name in sys.modules])
"""
    done = python("-c", code, lamp.directory, tmp_path / "our")
    assert done.stdout.endswith("[]\n"), done.stderr
