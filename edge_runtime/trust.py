"""Whether a bundle comes from somebody whom this device trusts. Light: without a key nothing more is imported."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge_runtime.bundle.manifest import FILE_NAME, SHORT_DIGEST, SIGNATURE, digest
from edge_runtime.bundle.store import Bundle, Signed, open_bundle
from edge_runtime.errors import SignatureError

if TYPE_CHECKING:
    from edge_runtime.bundle.signature import Envelope
    from edge_runtime.keys import Key


def open_trusted(directory: Path, keys: Sequence[str | Path]) -> Bundle:
    """Opens a bundle; where there are keys, only one that was signed with one of them.

    Args:
        directory: The bundle's.
        keys: Files with public keys; none: nobody is asked who made the bundle.

    Raises:
        SignatureError: It is not signed, not with one of the keys, or another bundle's signature lies in it.
        UsageError: A key cannot be read.
        EdgeError: The package `cryptography` is not there.
        BundleError: As `open_bundle` raises it.
    """
    if not keys:
        return open_bundle(directory)
    from edge_runtime.keys import read_keys

    return open_bundle(directory, partial(check, read_keys(keys)))


def check(keys: "Sequence[Key]", directory: Path, manifest: bytes) -> Signed:
    """Returns what the signature in `directory` vouches for, which is this manifest at least.

    Args:
        keys: Whoever is trusted.
        directory: The bundle's.
        manifest: The bytes that will be read as its manifest, and no others.

    Raises:
        SignatureError: Nobody who is trusted has signed this manifest.
        OSError: The signature cannot be read.
    """
    from edge_runtime.bundle import statement

    where = str(directory / SIGNATURE)
    envelope = read_envelope(directory)
    if envelope is None:
        raise SignatureError(
            f"{directory}: not signed, it has no {SIGNATURE}, and here a key was given; sign it where it was exported: "
            "python -m export sign BUNDLE --key PRIVATE"
        )
    key = next((key for key in keys if key.has_signed(envelope.signed, envelope.signature)), None)
    if key is None:
        raise SignatureError(f"{where}: {_why(envelope, keys)}")
    files = statement.from_bytes(envelope.payload, where)
    found, wanted = digest(manifest), files.get(FILE_NAME)
    if found != wanted:
        says = f"sha256 {wanted[:SHORT_DIGEST]}…" if wanted else "none"
        raise SignatureError(
            f"{where}: it is for another {FILE_NAME}: {says} was signed, {found[:SHORT_DIGEST]}… is here; "
            "copy the bundle again with its own signature"
        )
    return Signed(key.hint, files)


def read_envelope(directory: Path) -> "Envelope | None":
    """Returns a bundle's signature, unchecked; None where there is none.

    Raises:
        SignatureError: What is there is no signature.
        OSError: It cannot be read.
    """
    from edge_runtime.bundle import signature

    path = directory / SIGNATURE
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return signature.from_bytes(file.read(signature.LARGEST + 1), str(path))


def signed_with(directory: Path) -> str:
    """Returns for people what a bundle's signature says of itself; nothing of it was checked.

    Raises:
        OSError: It cannot be read.
    """
    from edge_runtime.keys import short

    try:
        envelope = read_envelope(directory)
    except SignatureError as error:
        return f"cannot be read: {error}"
    return f"with the key {short(envelope.hint)}" if envelope else ""


def _why(envelope: "Envelope", keys: "Sequence[Key]") -> str:
    from edge_runtime.keys import short

    for key in keys:
        if key.hint == envelope.hint:
            return f"altered, or not made by who has the key {key.title}; copy the bundle again, or sign it again"
    trusted = " or ".join(key.title for key in keys)
    return f"made with another key ({short(envelope.hint)}), here {trusted} was given; sign the bundle with that one"
