import ssl
from pathlib import Path

import pytest

from edge_runtime.errors import SinkError
from edge_runtime.sinks.encryption import context, secret_of, why
from edge_runtime.sinks.open import open_sink

SECRET = "s3cret"


def test_a_server_is_known_by_authority_and_name() -> None:
    made = context("mqtts://broker", None)
    assert made.check_hostname
    assert made.verify_mode == ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("ca=nowhere.pem", "ca=nowhere.pem: No such file or directory"),
        ("ca=notes.txt", "ca=notes.txt: certificates in PEM expected"),
        ("cert=notes.txt", "cert=notes.txt: a certificate and its own key, without a password, in PEM expected"),
        ("cert=notes.txt&key=k", "cert=notes.txt, key=k: "),
    ],
)
def test_a_file_that_is_no_certificate_is_an_error_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("buy milk")
    with pytest.raises(SinkError, match=f"^mqtts://127.0.0.1/house: {message}"):
        open_sink(f"mqtts://127.0.0.1/house?{options}").__enter__()


def test_a_password_is_the_line_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f" {SECRET} \r\n")
    assert secret_of("mqtt://broker", "password", tmp_path / "password") == f" {SECRET} "


@pytest.mark.parametrize("content", [b"", b"\n", b"one\ntwo\n", b"a\x00b", b"\xff\xfe"])
def test_a_file_with_anything_else_is_refused_and_its_content_not_shown(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "password").write_bytes(content)
    with pytest.raises(SinkError, match=r"^mqtt://broker: password names a file"):
        secret_of("mqtt://broker", "password", tmp_path / "password")


def test_a_password_file_is_not_named_when_it_cannot_be_read() -> None:
    with pytest.raises(SinkError, match="password names a file, which cannot be read: No such file") as caught:
        open_sink(f"mqtt://user@127.0.0.1/house?password={SECRET}").__enter__()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (TimeoutError("timed out"), "it does not answer in time"),
        (ValueError(), "ValueError"),
    ],
)
def test_a_failure_has_words(error: Exception, words: str) -> None:
    assert why(error) == words
