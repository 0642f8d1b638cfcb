import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import UsageError
from edge_runtime.keys import LARGEST, public_pem, read_key, short
from tests.signing import pair
from tests.support import ROOT

KINDS = ("ed25519", "p256", "p384", "p521")


def refusal(path: Path) -> str:
    with pytest.raises(UsageError) as refused:
        read_key(path)
    return str(refused.value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_knows_what_it_has_signed(kind: str, tmp_path: Path) -> None:
    ours, other = pair(tmp_path, "our", kind), pair(tmp_path, "other", kind)  # type: ignore[arg-type]
    key, made = read_key(tmp_path / "our.pub"), ours.sign(b"this")
    assert key.has_signed(b"this", made)
    assert not key.has_signed(b"that", made)
    assert not key.has_signed(b"this", other.sign(b"this"))
    assert key.hint == ours.public.hint != other.public.hint


@pytest.mark.parametrize("kind", KINDS)
@given(st.binary(max_size=150))
def test_a_signature_may_be_any_bytes(kind: str, tmp_path_factory: pytest.TempPathFactory, made: bytes) -> None:
    key = pair(tmp_path_factory.getbasetemp(), kind, kind).public  # type: ignore[arg-type]
    assert not key.has_signed(b"this", made)


def test_a_private_key_is_refused_for_it_belongs_on_no_device(tmp_path: Path) -> None:
    (tmp_path / "our.key").write_bytes(pair(tmp_path).pem())
    assert refusal(tmp_path / "our.key").endswith("a private key, which belongs on no device; give the public one "
                                                  "that it was made with")  # fmt: skip


def test_keys_of_other_kinds_are_refused(tmp_path: Path) -> None:
    others = (
        ed448.Ed448PrivateKey.generate(),
        rsa.generate_private_key(65537, 2048),
        ec.generate_private_key(ec.SECP256K1()),
    )
    for other in others:
        (tmp_path / "key").write_bytes(other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        assert ": an Ed25519 or ECDSA key of P-256, P-384 or P-521 expected, one of the kind " in refusal(
            tmp_path / "key"
        )


def test_what_is_no_key_is_refused_by_name(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == f"{tmp_path}/none: no such file; a key's file was expected"
    assert refusal(tmp_path) == f"{tmp_path}: not a file; a key's file was expected"
    (tmp_path / "text").write_text("ssh-ed25519 AAAA me@here\n")
    assert (
        refusal(tmp_path / "text") == f"{tmp_path}/text: not a public key in PEM; 'python -m export keygen' makes one"
    )
    (tmp_path / "large").write_bytes(bytes(LARGEST + 1))
    assert refusal(tmp_path / "large") == f"{tmp_path}/large: not a key, it is larger than 64 KiB"


@given(st.binary(max_size=100), st.integers(0, 112), st.integers(0, 20))
def test_a_key_s_file_may_hold_any_bytes(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int, gone: int
) -> None:
    directory = tmp_path_factory.getbasetemp()
    content = pair(directory).public.path.read_bytes()
    path = directory / "damaged.pub"
    path.write_bytes(content[:at] + noise + content[at + gone :])
    with contextlib.suppress(UsageError):
        read_key(path)


def test_a_hint_that_nobody_signed_steers_no_terminal() -> None:
    assert short("\x1b[2Jabc") == "\\x1b[2Jabc"
    assert short("ab" * 32) == "abababababab"


@pytest.mark.parametrize(
    ("flags", "environment", "remedies"),
    [
        ((), {}, ("the extra 'signed'", "pip install cryptography", "sudo apt install python3-cryptography")),
        (("-I",), {}, ("sudo apt install python3-cryptography", "make deploy KEY=FILE", "make deb ARGS=--signed")),
        ((), {"EDGE_RUNTIME_IMAGE": "1"}, ("take an image that holds it: make image-edge ARGS=--signed",)),
    ],
    ids=["an environment", "what make deploy and the .deb bring", "the image"],
)
def test_without_the_package_the_sentence_says_what_brings_it_there(
    flags: tuple[str, ...], environment: dict[str, str], remedies: tuple[str, ...], tmp_path: Path
) -> None:
    path = pair(tmp_path).public.path
    code = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
sys.modules["cryptography"] = None  # as where it is not installed
from edge_runtime.errors import EdgeError
from edge_runtime.keys import read_key
try:
    read_key(Path(sys.argv[1]))
except EdgeError as error:
    print(error)
"""
    command = [sys.executable, *flags, "-c", code, str(path), str(ROOT)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    assert "our.pub: the Python package cryptography is not installed" in done.stdout, done.stderr
    assert [remedy for remedy in remedies if remedy not in done.stdout] == []


def test_what_is_no_public_key_is_known_without_the_package(tmp_path: Path) -> None:
    key = pair(tmp_path)
    assert public_pem(key.public.path) == key.public.path.read_bytes()
    (tmp_path / "our.key").write_bytes(key.pem())
    (tmp_path / "text").write_text("ssh-ed25519 AAAA me@here\n")
    for name, sentence in (("our.key", "a private key, which belongs"), ("text", "not a public key in PEM")):
        with pytest.raises(UsageError, match=f"{name}: {sentence}"):
            public_pem(tmp_path / name)
