"""A bundle gets its signature: `model.sig`, beside the manifest."""

import contextlib
from pathlib import Path

from edge_runtime.bundle import statement
from edge_runtime.bundle.manifest import FILE_NAME, SIGNATURE
from edge_runtime.bundle.signature import Envelope
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.errors import BundleError, SignatureError
from edge_runtime.files import write_atomically
from edge_runtime.trust import check, read_envelope
from export.signing.private import PrivateKey


def sign(directory: Path, key: PrivateKey) -> Bundle:
    """Signs a bundle in its place; a device that has the key's public half then takes it.

    Args:
        directory: The bundle's; every digest in it must be right.
        key: What to sign with. A signature of it that is there already, and right, stays as it is.

    Raises:
        BundleError: It cannot be opened, or the disk refused; a signature that was there stays.
    """
    bundle = open_bundle(directory)
    with contextlib.suppress(SignatureError):
        return opened(directory, key)
    digests = {path: entry.sha256 for path, entry in bundle.manifest.files.items()} | {FILE_NAME: bundle.digest}
    payload = statement.to_bytes(bundle.manifest.name, digests)
    unsigned = Envelope(payload, b"", key.public.hint)
    envelope = Envelope(payload, key.sign(unsigned.signed), unsigned.hint)
    try:
        write_atomically(directory / SIGNATURE, envelope.to_bytes())
    except OSError as error:
        raise BundleError(f"{directory / SIGNATURE}: cannot be written: {error.strerror or error}") from error
    return opened(directory, key)


def opened(directory: Path, key: PrivateKey) -> Bundle:
    """Opens a bundle as a device does that trusts this key alone. Raises BundleError."""
    return open_bundle(directory, lambda place, manifest: check([key.public], place, manifest))


def former(directory: Path) -> str:
    """Returns the hint of the key that has signed a bundle so far, as far as that can be read; nothing if it cannot."""
    try:
        envelope = read_envelope(directory)
    except (SignatureError, OSError):
        return ""
    return envelope.hint if envelope else ""
