"""What a signature says: an in-toto statement that names each file of a bundle with its sha256, the manifest included.

It is OpenSSF Model Signing's, version 1.0 of its predicate, for a directory whose files are hashed whole with sha256.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping

from edge_runtime.bundle import fields, node
from edge_runtime.bundle.manifest import SIGNATURE
from edge_runtime.bundle.node import Node
from edge_runtime.errors import SignatureError

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"


def to_bytes(name: str, digests: Mapping[str, str]) -> bytes:
    """Returns the statement's text: the same for the same bundle, wherever it lies.

    Args:
        name: The bundle's.
        digests: sha256 of every file by its path, `manifest.json` among them.
    """
    paths = sorted(digests, key=lambda path: path.split("/"))
    return fields.canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {"sha256": _root(digests[path] for path in paths)}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {
                "serialization": {
                    "method": "files",
                    "hash_type": "sha256",
                    "allow_symlinks": False,
                    "ignore_paths": [SIGNATURE],
                },
                "resources": [{"name": path, "algorithm": "sha256", "digest": digests[path]} for path in paths],
            },
        }
    )


def from_bytes(content: bytes, where: str = SIGNATURE) -> dict[str, str]:
    """Returns the sha256 of every file that a statement names, by path.

    Raises:
        SignatureError: It is no such statement, or its own digest is not that of what it names.
    """
    raw = node.read(content, where)
    raw["_type"].must_be(STATEMENT_TYPE)
    raw["predicateType"].must_be(PREDICATE_TYPE)
    _check_method(raw["predicate"]["serialization"])
    found: dict[str, str] = {}
    for resource in raw["predicate"]["resources"]:
        resource["algorithm"].must_be("sha256")
        path = resource["name"].text
        if path in found:
            raise SignatureError(f"{resource.where}: {path!a} is there twice; sign the bundle again")
        found[path] = _sha256(resource["digest"])
    if _sha256(raw["subject"].only["digest"]["sha256"]) != _root(found.values()):
        raise SignatureError(f"{where}: its digest is not that of the files it names; sign the bundle again")
    return found


def _root(digests: Iterable[str]) -> str:
    """Returns what OpenSSF calls the root digest: the sha256 over the files' own, in their order."""
    return hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in digests)).hexdigest()


def _sha256(digest: Node) -> str:
    if not re.fullmatch("[0-9a-f]{64}", digest.text):
        raise digest.mismatch("a sha256 of 64 hexadecimal digits")
    return digest.text


def _check_method(how: Node) -> None:
    method, kind = how["method"].text, how["hash_type"].text
    if (method, kind) != ("files", "sha256"):
        raise SignatureError(
            f"{how.where}: hashed by {method[:20]!a} with {kind[:20]!a}; this kit reads 'files' with "
            "'sha256', which OpenSSF's tool does unless told otherwise: sign the bundle again"
        )
