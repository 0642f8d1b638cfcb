"""`model.sig` as a value: OpenSSF Model Signing's file, so that its tool can check our bundles, and ours its.

It is a Sigstore bundle (JSON, version 0.3) around a DSSE envelope, around the statement of
`edge_runtime.bundle.statement`. Here it is read and written; `edge_runtime.keys` knows whether a key made it. Whatever
the bytes are, they are a value or a SignatureError.

https://github.com/ossf/model-signing-spec, https://github.com/secure-systems-lab/dsse
"""

import base64

from edge_runtime.bundle import fields, node
from edge_runtime.bundle.manifest import SIGNATURE
from edge_runtime.errors import SignatureError
from edge_runtime.frozen import dataclass

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
LARGEST = 16 << 20  # bytes. A file takes 250, so that this is a bundle of 60,000; more no device shall have to read


@dataclass(frozen=True)
class Envelope:
    """A signature with what was signed; nothing of it was checked.

    Attributes:
        payload: The statement's bytes.
        signature: Over `signed`.
        hint: What the signer says of the key: the sha256 of the public key's PEM text, or nothing.
    """

    payload: bytes
    signature: bytes
    hint: str

    @property
    def signed(self) -> bytes:
        """What the key has signed: DSSE's pre-authentication encoding of the payload."""
        kind = PAYLOAD_TYPE.encode()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)

    def to_bytes(self) -> bytes:
        signature = {"sig": base64.b64encode(self.signature).decode(), "keyid": ""}
        return fields.canonical(
            {
                "mediaType": MEDIA_TYPE,
                "verificationMaterial": {"publicKey": {"hint": self.hint}, "tlogEntries": []},
                "dsseEnvelope": {
                    "payload": base64.b64encode(self.payload).decode(),
                    "payloadType": PAYLOAD_TYPE,
                    "signatures": [signature],
                },
            }
        )


def from_bytes(content: bytes, where: str = SIGNATURE) -> Envelope:
    """Returns the envelope in `content`.

    Raises:
        SignatureError: It is not one that was made with a key.
    """
    if len(content) > LARGEST:
        raise SignatureError(f"{where}: larger than {LARGEST >> 20} MiB, which no signature is; sign the bundle again")
    raw = node.read(content, where)
    raw["mediaType"].must_be(MEDIA_TYPE)
    material = raw["verificationMaterial"]
    if "publicKey" not in material:
        raise SignatureError(
            f"{where}: made with a certificate or an identity, and not with a key; sign the bundle with a key"
        )
    named = material["publicKey"]
    hint = named["hint"].value if "hint" in named else ""
    envelope = raw["dsseEnvelope"]
    envelope["payloadType"].must_be(PAYLOAD_TYPE)
    signature = envelope["signatures"].only["sig"].binary
    return Envelope(envelope["payload"].binary, signature, hint if isinstance(hint, str) else "")
