"""The public key that a device is given with a deploy: from then on it takes no bundle that was not signed with it."""

import hashlib
import importlib.util
from pathlib import Path

from edge_runtime.bundle.manifest import SHORT_DIGEST, SIGNATURE
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.errors import SignatureError
from edge_runtime.keys import public_pem
from edge_runtime.trust import open_trusted


def read(path: Path) -> str:
    """Returns the text of a public key's file. Raises UsageError: it is none, or a private one."""
    return public_pem(path).decode("ascii", errors="replace")


def short(pem: str) -> str:
    """Returns what people read of a key, as `edge-runtime verify` prints it."""
    return hashlib.sha256(pem.encode()).hexdigest()[:SHORT_DIGEST] if pem else "none"


def opened(directory: Path, key: Path | None) -> Bundle:
    """Opens what is to be deployed, with the key as the device will, where this machine can check signatures.

    What builds the kit's parts needs no cryptography; then the device alone checks, before it switches.

    Raises:
        SignatureError: It is not signed with the key.
        BundleError: As `open_bundle` raises it.
    """
    if key and importlib.util.find_spec("cryptography"):
        return open_trusted(directory, [key])
    return open_bundle(directory)


def check_signed(bundle: Bundle) -> None:
    """Raises SignatureError: nobody has signed it, and the device has a key."""
    if not bundle.file(SIGNATURE).is_file():
        raise SignatureError(
            f"nothing was changed: {bundle.directory}: not signed, it has no {SIGNATURE}, and the device was given a "
            f"key; python -m export sign {bundle.directory} --key PRIVATE, or take the key back with --no-key"
        )
