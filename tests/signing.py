"""Keys and signed bundles, as tests want them: also such as nobody would make on purpose."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_runtime.bundle import fields, statement
from edge_runtime.bundle.manifest import FILE_NAME, SIGNATURE
from edge_runtime.bundle.signature import Envelope
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.keys import pem
from export.signing import private
from export.signing.private import PrivateKey


def pair(directory: Path, name: str = "our", kind: private.Kind = "ed25519") -> PrivateKey:
    """Makes keys, whose public half is a file as devices have it."""
    key = private.make(kind, directory / f"{name}.pub")
    key.public.path.write_bytes(pem(key.public.public))
    return key


def digests(bundle: Bundle) -> dict[str, str]:
    return {path: entry.sha256 for path, entry in bundle.manifest.files.items()} | {FILE_NAME: bundle.digest}


def sign_payload(directory: Path, payload: bytes, key: PrivateKey) -> None:
    """Signs whatever `payload` says."""
    signed = Envelope(payload, b"", key.public.hint).signed
    (directory / SIGNATURE).write_bytes(Envelope(payload, key.sign(signed), key.public.hint).to_bytes())


def sign_changed(directory: Path, key: PrivateKey, change: Callable[[dict[str, Any]], object]) -> None:
    """Signs a bundle's statement after `change` did something to it."""
    bundle = open_bundle(directory)
    raw: Any = fields.decode(statement.to_bytes(bundle.manifest.name, digests(bundle)), "")
    change(raw)
    sign_payload(directory, fields.canonical(raw), key)
