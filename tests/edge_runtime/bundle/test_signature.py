import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_runtime.bundle import node, signature, statement
from edge_runtime.bundle.signature import Envelope
from edge_runtime.errors import SignatureError

ENVELOPE = Envelope(b"{}", b"signature", "ab" * 32)
DIGESTS = {"manifest.json": "01" * 32, "a/b": "02" * 32, "a-b": "03" * 32}
STATEMENT = statement.to_bytes("lamp", DIGESTS)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
damages = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3)), min_size=1, max_size=4)


def parse(content: bytes) -> dict[str, str] | None:
    """What a device does with the bytes: of the envelope and of what is in it."""
    with contextlib.suppress(SignatureError):
        statement.from_bytes(content)
    with contextlib.suppress(SignatureError):
        return statement.from_bytes(signature.from_bytes(content).payload)
    return None


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a JSON value, with each of its keys."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [found for key in keys for found in [(value, key), *places(value[key])]]


def refusal(content: dict[str, Any]) -> str:
    with pytest.raises(SignatureError) as refused:
        signature.from_bytes(json.dumps(content).encode())
    return str(refused.value)


def changed(**changes: object) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(ENVELOPE.to_bytes())
    return raw | changes


# What is right


def test_an_envelope_is_what_was_written() -> None:
    assert signature.from_bytes(ENVELOPE.to_bytes()) == ENVELOPE


def test_what_is_signed_is_dsse_s_own_example() -> None:
    # protocol.md of secure-systems-lab/dsse signs "hello world" as http://example.com/HelloWorld.
    assert Envelope(b"hello world", b"", "").signed == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"


def test_a_statement_names_every_file_in_the_order_of_its_path_s_parts() -> None:
    assert statement.from_bytes(STATEMENT) == DIGESTS
    assert list(statement.from_bytes(STATEMENT)) == ["a/b", "a-b", "manifest.json"]


def test_what_nobody_asks_for_is_ignored() -> None:
    raw = changed(more={"things": 1})
    raw["dsseEnvelope"]["signatures"][0]["extension"] = None
    assert signature.from_bytes(json.dumps(raw).encode()) == ENVELOPE


def test_a_hint_may_be_missing() -> None:
    raw = changed(verificationMaterial={"publicKey": {}})
    assert signature.from_bytes(json.dumps(raw).encode()).hint == ""


# What is refused


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"mediaType": "x"},
            "model.sig: mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json' expected, 'x' found",
        ),
        (
            {"mediaType": {"a": 1}},
            "model.sig: mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json' expected, 'dict'",
        ),
        ({"dsseEnvelope": None}, "model.sig: dsseEnvelope: named values expected, 'NoneType' found"),
        ({"dsseEnvelope": {}}, "model.sig: dsseEnvelope: 'payloadType' is missing"),
        (
            {"verificationMaterial": {"certificate": {"rawBytes": ""}}},
            "model.sig: made with a certificate or an identity, and not with a key; sign the bundle with a key",
        ),
    ],
)
def test_another_kind_of_file_is_refused_with_what_was_wanted(change: dict[str, object], sentence: str) -> None:
    assert refusal(changed(**change)).startswith(sentence)


@pytest.mark.parametrize("count", [0, 2])
def test_one_signature_is_wanted(count: int) -> None:
    raw = changed()
    raw["dsseEnvelope"]["signatures"] *= count
    assert refusal(raw) == f"model.sig: dsseEnvelope: signatures: one expected, {count} found; sign the bundle again"


def test_base64_is_strict() -> None:
    raw = changed()
    raw["dsseEnvelope"]["payload"] = "e30=\n"
    assert refusal(raw).startswith("model.sig: dsseEnvelope: payload: base64 expected, 'e30=\\n' found")


def test_what_is_larger_than_any_signature_is_refused_unread() -> None:
    with pytest.raises(SignatureError, match="larger than 16 MiB"):
        signature.from_bytes(b"[" * (signature.LARGEST + 1))


def test_a_refusal_steers_no_terminal() -> None:
    with pytest.raises(SignatureError) as refused:
        signature.from_bytes(b'{"\\u001b[2J": 1, "\\u001b[2J": 2}')
    assert str(refused.value).isprintable()
    assert refusal(changed(mediaType="\x1b[2J")).isprintable()


@pytest.mark.parametrize("twice", [b'{"a": 1, "a": 2}', b"[" * 100_000, b"\xff", b"", b"9" * 5000, b"NaN"])
def test_what_is_no_json_is_refused(twice: bytes) -> None:
    with pytest.raises(SignatureError):
        node.read(twice, "model.sig")["a"]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("_type",), "x", "_type: 'https://in-toto.io/Statement/v1' expected, 'x' found"),
        (
            ("predicateType",),
            "https://model_signing/Digests/v0.1",
            "predicateType: 'https://model_signing/signature/v1.0' ex",
        ),
        (
            ("predicate", "serialization", "method"),
            "shards",
            "predicate: serialization: hashed by 'shards' with 'sha256'",
        ),
        (
            ("predicate", "serialization", "hash_type"),
            "blake3",
            "predicate: serialization: hashed by 'files' with 'blake3'",
        ),
        (
            ("predicate", "resources", 0, "algorithm"),
            "blake3",
            "predicate: resources[0]: algorithm: 'sha256' expected, 'bl",
        ),
        (("predicate", "resources", 0, "digest"), "AB" * 32, "predicate: resources[0]: digest: a sha256 of 64 hex"),
        (("predicate", "resources", 0, "name"), "a-b", "predicate: resources[1]: 'a-b' is there twice"),
        (("subject",), [], "subject: one expected, 0 found"),
        (("subject", 0, "digest", "sha256"), "00" * 32, "its digest is not that of the files it names"),
    ],
)
def test_a_statement_of_another_kind_is_refused(path: tuple[str | int, ...], value: object, sentence: str) -> None:
    raw: Any = json.loads(STATEMENT)
    inner = raw
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    with pytest.raises(SignatureError) as refused:
        statement.from_bytes(json.dumps(raw).encode())
    assert str(refused.value).startswith(f"model.sig: {sentence}")


# Whatever comes


@given(st.one_of(st.binary(max_size=200), json_values.map(lambda value: json.dumps(value).encode())))
@settings(max_examples=400)
def test_whatever_the_bytes_are_they_are_a_value_or_a_signature_error(content: bytes) -> None:
    assert parse(content) is None


@pytest.mark.parametrize("good", [ENVELOPE.to_bytes(), STATEMENT])
@given(damages)
@settings(max_examples=300)
def test_a_damaged_file_is_a_value_or_a_signature_error(good: bytes, damage: list[tuple[float, bytes]]) -> None:
    content = bytearray(good)
    for place, what in damage:
        at = int(place * len(content))
        content[at : at + max(1, len(what))] = what
    parse(bytes(content))


@pytest.mark.parametrize("good", [ENVELOPE.to_bytes(), STATEMENT])
@given(st.data(), json_values)
@settings(max_examples=300)
def test_another_value_anywhere_is_a_value_or_a_signature_error(
    good: bytes, data: st.DataObject, value: object
) -> None:
    raw: Any = json.loads(good)
    container, key = data.draw(st.sampled_from(places(raw)))
    container[key] = value
    parse(json.dumps(raw).encode())
