"""Public keys that a device trusts: read from files, and asked whether they made a signature.

The mathematics is in the package `cryptography`, which only those import who were given a key.
"""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge_runtime.bundle.manifest import SHORT_DIGEST
from edge_runtime.device.container import is_image
from edge_runtime.errors import EdgeError, UsageError
from edge_runtime.frozen import dataclass

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

    PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

LARGEST = 1 << 16  # bytes of a key's file; a key takes 200
KINDS = "an Ed25519 or ECDSA key of P-256, P-384 or P-521"
MISSING = "the Python package cryptography is not installed, without which no signature can be checked or made; "
DEBIAN = "sudo apt install python3-cryptography"


@dataclass(frozen=True)
class Key:
    """A public key.

    Attributes:
        path: Its file.
        public: The key itself.
    """

    path: Path
    public: "PublicKey"

    @property
    def hint(self) -> str:
        """What signatures call it, as OpenSSF's do: the sha256 of its PEM text."""
        return hint_of(self.public)

    @property
    def title(self) -> str:
        """For people."""
        return f"{self.path} ({short(self.hint)})"

    def has_signed(self, signed: bytes, signature: bytes) -> bool:
        """Tells whether `signature` was made over `signed` with the private key that belongs to this one."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey

        try:
            if isinstance(self.public, EllipticCurvePublicKey):
                self.public.verify(signature, signed, ECDSA(hash_for(self.public)))
            else:
                self.public.verify(signature, signed)
        except InvalidSignature:
            return False
        return True


def read_keys(paths: Sequence[str | Path]) -> tuple[Key, ...]:
    """Returns the public keys in these files.

    Raises:
        UsageError: A file cannot be read, or holds no public key of a kind that signs bundles.
        EdgeError: The package `cryptography` is not there.
    """
    return tuple(read_key(Path(path)) for path in paths)


def read_key(path: Path) -> Key:
    """Returns the public key in one file. Raises as `read_keys` does."""
    content = public_pem(path)
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    except ImportError as error:
        raise EdgeError(f"{path}: {missing()}") from error
    try:
        public = load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_public_key(path) from error
    return Key(path, checked(public, path))


def public_pem(path: Path) -> bytes:
    """Returns a public key's file, as far as can be told without the package `cryptography`.

    Raises:
        UsageError: It cannot be read, or is a private key or none at all.
    """
    content = read_bounded(path)
    if b"PRIVATE KEY" in content:
        raise UsageError(
            f"{path}: a private key, which belongs on no device; give the public one that it was made with"
        )
    if b"-----BEGIN PUBLIC KEY-----" not in content:
        raise _no_public_key(path)
    return content


def missing() -> str:
    """Returns what to say where the package `cryptography` is not there: what brings it, where this runs."""
    if is_image():
        return f"{MISSING}take an image that holds it: make image-edge ARGS=--signed"
    if sys.flags.isolated:  # the launcher that make deploy and make deb bring: Debian's own Python
        return f"{MISSING}{DEBIAN}; make deploy KEY=FILE and make deb ARGS=--signed bring it too"
    return f"{MISSING}install the extra 'signed' of edge-runtime, or: pip install cryptography, or on Debian: {DEBIAN}"


def _no_public_key(path: Path) -> UsageError:
    return UsageError(f"{path}: not a public key in PEM; 'python -m export keygen' makes one")


def read_bounded(path: Path) -> bytes:
    """Returns a key's file. Raises UsageError."""
    try:
        if not path.is_file():
            raise UsageError(f"{path}: {'not a file' if path.exists() else 'no such file'}; a key's file was expected")
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > LARGEST:
        raise UsageError(f"{path}: not a key, it is larger than {LARGEST >> 10} KiB")
    return content


def checked(public: object, path: Path) -> "PublicKey":
    """Returns a key of a kind that signs bundles. Raises UsageError for any other."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if isinstance(public, Ed25519PublicKey):
        return public
    if isinstance(public, EllipticCurvePublicKey) and public.curve.name in ("secp256r1", "secp384r1", "secp521r1"):
        return public
    kind = type(public).__name__.removesuffix("PublicKey")
    raise UsageError(f"{path}: {KINDS} expected, one of the kind {kind} found; 'python -m export keygen' makes one")


def hash_for(public: "EllipticCurvePublicKey") -> "HashAlgorithm":
    """Returns the hash that goes with a curve, as Sigstore pairs them."""
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

    return {256: SHA256, 384: SHA384}.get(public.key_size, SHA512)()


def hint_of(public: "PublicKey") -> str:
    return hashlib.sha256(pem(public)).hexdigest()


def pem(public: "PublicKey") -> bytes:
    """Returns the text of a public key's file."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def short(hint: str) -> str:
    """Returns as much of a hint as people read; it may say anything, for nobody has signed it."""
    return ascii(hint[:SHORT_DIGEST])[1:-1] if hint else "of which it says nothing"
