"""Private keys: made, written so that nobody else reads them, and read again."""

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edge_runtime.errors import EdgeError, UsageError
from edge_runtime.files import PARTIAL
from edge_runtime.keys import KINDS, Key, checked, hash_for, missing, read_bounded

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    Private = Ed25519PrivateKey | EllipticCurvePrivateKey

Kind = Literal["ed25519", "p256", "p384", "p521"]
OWNER_ONLY = 0o600
Ask = Callable[[], bytes]
"""Returns a passphrase; raises EdgeError where there is none to be had."""


@dataclass(frozen=True)
class PrivateKey:
    """A key that signs.

    Attributes:
        public: What devices are given.
    """

    public: Key
    private: "Private"

    def sign(self, content: bytes) -> bytes:
        """Returns a signature: of Ed25519 always the same, of ECDSA another each time."""
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey

        if isinstance(self.private, EllipticCurvePrivateKey):
            return self.private.sign(content, ECDSA(hash_for(self.private.public_key())))
        return self.private.sign(content)

    def pem(self, passphrase: bytes = b"") -> bytes:
        """Returns the text of its file: PKCS8, encrypted where there is a passphrase."""
        from cryptography.hazmat.primitives.serialization import (
            BestAvailableEncryption,
            Encoding,
            KeySerializationEncryption,
            NoEncryption,
            PrivateFormat,
        )

        how: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def make(kind: Kind, place: Path) -> PrivateKey:
    """Returns a new key.

    Args:
        kind: ``ed25519``, or the curve of an ECDSA key.
        place: Where its public half will be.

    Raises:
        EdgeError: The package `cryptography` is not there.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as error:
        raise EdgeError(missing()) from error
    private: Private
    if kind == "ed25519":
        private = Ed25519PrivateKey.generate()
    else:
        curves = {"p256": ec.SECP256R1(), "p384": ec.SECP384R1(), "p521": ec.SECP521R1()}
        private = ec.generate_private_key(curves[kind])
    return PrivateKey(Key(place, private.public_key()), private)


def read(path: Path, ask: Ask) -> PrivateKey:
    """Returns the private key in a file.

    Args:
        path: Its file, PEM.
        ask: Asked for the passphrase, where it has one.

    Raises:
        UsageError: It is no private key of a kind that signs bundles, or the passphrase is another one.
        EdgeError: The package `cryptography` is not there.
    """
    content = read_bounded(path)
    if b"PUBLIC KEY" in content:
        raise UsageError(f"{path}: a public key; sign with the private one that was made with it")
    encrypted = b"ENCRYPTED" in content  # in the first line of PKCS8, in the second of what OpenSSL wrote before
    passphrase = ask() if encrypted else None
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as error:
        raise EdgeError(missing()) from error
    try:
        private = load_pem_private_key(content, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        reason = "the passphrase is another one" if encrypted else "not a private key in PEM"
        raise UsageError(f"{path}: {reason}; 'python -m export keygen' makes keys") from error
    if not isinstance(private, (Ed25519PrivateKey, EllipticCurvePrivateKey)):
        raise UsageError(f"{path}: {KINDS} expected, {type(private).__name__} found")
    return PrivateKey(Key(path, checked(private.public_key(), path)), private)


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Writes a file that is there whole or not at all, and never in the place of another one.

    Raises:
        UsageError: Something is there.
        EdgeError: The disk refused.
    """
    # Not tempfile: the name must end as every unfinished file of the kit does, and 0600 holds from the first byte on.
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        try:
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, mode)  # whatever the umask says
                file.write(content)
                file.flush()
                os.fsync(handle)
            _appear(partial, path)
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()
    except FileExistsError as error:
        raise UsageError(f"{path}: is there already; a key is never overwritten, choose another name") from error
    except OSError as error:
        raise EdgeError(f"{path}: cannot be written: {error.strerror or error}") from error


def _appear(partial: Path, path: Path) -> None:
    """Gives a whole file its name. Raises FileExistsError where another one has it."""
    try:
        os.link(partial, path)
    except OSError as error:
        # A memory stick's FAT knows no hard links: there a rename, which would replace what appears in that instant.
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        os.rename(partial, path)
