"""Passphrases of private keys: from a file, or typed without being shown."""

import getpass
import warnings
from pathlib import Path

from edge_runtime.errors import UsageError


def from_file(path: Path) -> bytes:
    """Returns the first line of a file. Raises UsageError."""
    try:
        with path.open("rb") as file:
            line = file.readline(1025).rstrip(b"\r\n")
    except OSError as error:
        raise UsageError(f"--passphrase-file {path}: cannot be read: {error.strerror or error}") from error
    return _checked(line, f"--passphrase-file {path}")


def typed(path: Path) -> bytes:
    """Asks for the passphrase of the key in `path`. Raises UsageError."""
    return _checked(_ask(f"passphrase of {path}: "), "passphrase")


def typed_twice() -> bytes:
    """Asks for a new passphrase until it was typed twice alike. Raises UsageError."""
    while True:
        first = _checked(_ask("passphrase of the new key: "), "passphrase")
        if _ask("once more: ") == first:
            return first
        print("these were two different ones")


def _ask(question: str) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)  # without a terminal it would be shown
        try:
            return getpass.getpass(question).encode()
        except (getpass.GetPassWarning, EOFError) as error:
            raise UsageError("no terminal to type a passphrase at; give --passphrase-file FILE") from error


def _checked(passphrase: bytes, where: str) -> bytes:
    if not passphrase or len(passphrase) > 1023:  # OpenSSL reads no longer one
        raise UsageError(f"{where}: 1 to 1,023 bytes expected, {len(passphrase)} found")
    return passphrase
