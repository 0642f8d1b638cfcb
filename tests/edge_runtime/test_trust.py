"""Whose bundles are taken. Every refusal comes before a byte of the bundle's manifest or models is looked into."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_runtime.auto import measure
from edge_runtime.benchmark.samples import enlarged
from edge_runtime.bundle.manifest import FILE_NAME, SIGNATURE
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.errors import BundleError, IntegrityError, SignatureError
from edge_runtime.proof import prove, read_golden
from edge_runtime.service.loading import Wish, load
from edge_runtime.trust import open_trusted, signed_with
from export.signing.private import PrivateKey
from export.signing.sign import sign
from tests.edge_runtime.samples import contents, in_a_process, manifest
from tests.signing import pair, sign_changed, sign_payload

PLACE = "variants/float32.tflite"


@pytest.fixture
def lamp(tmp_path: Path) -> Bundle:
    return write_bundle(tmp_path / "lamp", manifest(), contents())


@pytest.fixture
def our(tmp_path: Path) -> PrivateKey:
    return pair(tmp_path)


def refusal(bundle: Bundle, *keys: PrivateKey, kind: type[BundleError] = SignatureError) -> str:
    with pytest.raises(BundleError) as refused:
        open_trusted(bundle.directory, [key.public.path for key in keys])
    assert type(refused.value) is kind
    return str(refused.value)


# What is taken


@pytest.mark.parametrize("kind", ["ed25519", "p256", "p384", "p521"])
def test_a_bundle_signed_with_the_key_is_taken(kind: Any, lamp: Bundle, tmp_path: Path) -> None:
    key = pair(tmp_path, "our", kind)
    sign(lamp.directory, key)
    opened = open_trusted(lamp.directory, [key.public.path])
    assert opened.digest == lamp.digest
    assert opened.signer == key.public.hint


def test_one_of_several_keys_is_enough(lamp: Bundle, our: PrivateKey, tmp_path: Path) -> None:
    sign(lamp.directory, our)
    new = pair(tmp_path, "new", "p256")
    assert open_trusted(lamp.directory, [new.public.path, our.public.path]).signer == our.public.hint


def test_without_a_key_anybody_s_is_taken_and_nothing_is_imported(lamp: Bundle, our: PrivateKey) -> None:
    assert open_trusted(lamp.directory, ()).signer == ""
    (lamp.directory / SIGNATURE).write_bytes(b"anything")
    code = """
import sys
from pathlib import Path
from edge_runtime.trust import open_trusted
open_trusted(Path(sys.argv[1]), ())
print([name for name in sys.modules if name.startswith(("cryptography", "edge_runtime.keys"))])
"""
    done = in_a_process(code, lamp.directory)
    assert done.stdout.strip() == "[]", done.stderr


# What is not


def test_a_bundle_without_a_signature_is_refused(lamp: Bundle, our: PrivateKey) -> None:
    assert refusal(lamp, our) == (
        f"{lamp.directory}: not signed, it has no model.sig, and here a key was given; sign it where it was exported: "
        "python -m export sign BUNDLE --key PRIVATE"
    )


def test_another_key_s_signature_is_refused_by_name(lamp: Bundle, our: PrivateKey, tmp_path: Path) -> None:
    other = pair(tmp_path, "other")
    sign(lamp.directory, other)
    assert refusal(lamp, our) == (
        f"{lamp.directory}/model.sig: made with another key ({other.public.hint[:12]}), here {our.public.path} "
        f"({our.public.hint[:12]}) was given; sign the bundle with that one"
    )


@pytest.mark.parametrize("part", ["payload", "sig"])
def test_an_altered_signature_is_refused(part: str, lamp: Bundle, our: PrivateKey) -> None:
    path = sign(lamp.directory, our).file(SIGNATURE)
    raw = json.loads(path.read_bytes())
    inner = raw["dsseEnvelope"] if part == "payload" else raw["dsseEnvelope"]["signatures"][0]
    inner[part] = ("A" if inner[part][40] != "A" else "B").join([inner[part][:40], inner[part][41:]])
    path.write_text(json.dumps(raw))
    assert ": altered, or not made by who has the key " in refusal(lamp, our)


def test_a_signature_of_another_key_that_claims_to_be_ours_is_refused(
    lamp: Bundle, our: PrivateKey, tmp_path: Path
) -> None:
    path = sign(lamp.directory, pair(tmp_path, "other")).file(SIGNATURE)
    raw = json.loads(path.read_bytes())
    raw["verificationMaterial"]["publicKey"]["hint"] = our.public.hint
    path.write_text(json.dumps(raw))
    assert ": altered, or not made by who has the key " in refusal(lamp, our)


def test_an_altered_manifest_is_refused_before_it_is_parsed(lamp: Bundle, our: PrivateKey) -> None:
    sign(lamp.directory, our)
    lamp.file(FILE_NAME).write_bytes(b"not even JSON")
    assert f"model.sig: it is for another manifest.json: sha256 {lamp.digest[:12]}… was signed" in refusal(lamp, our)


def test_another_bundle_s_signature_is_refused(lamp: Bundle, our: PrivateKey, tmp_path: Path) -> None:
    other = write_bundle(tmp_path / "other", manifest(version="2.0"), contents())
    shutil.copy(sign(other.directory, our).file(SIGNATURE), lamp.directory)
    assert "model.sig: it is for another manifest.json" in refusal(lamp, our)


def test_an_altered_file_is_refused(lamp: Bundle, our: PrivateKey) -> None:
    sign(lamp.directory, our)
    lamp.file(PLACE).write_bytes(b"\x08" * 1000)
    assert f"{PLACE}: sha256 " in refusal(lamp, our, kind=IntegrityError)


def test_an_extra_file_is_refused(lamp: Bundle, our: PrivateKey) -> None:
    sign(lamp.directory, our)
    lamp.file("more.bin").write_bytes(b"")
    assert "more.bin is not in the manifest" in refusal(lamp, our, kind=IntegrityError)


def test_a_file_that_was_altered_with_the_manifest_is_refused(lamp: Bundle, our: PrivateKey, tmp_path: Path) -> None:
    signature = sign(lamp.directory, our).file(SIGNATURE).read_bytes()
    write_bundle(lamp.directory, manifest(), contents(999))
    lamp.file(SIGNATURE).write_bytes(signature)
    assert "model.sig: it is for another manifest.json" in refusal(lamp, our)


def resource(raw: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in raw["predicate"]["resources"] if one["name"] == name)
    return found


def with_root(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, Any]], None]:
    """The same change, and the statement's own digest made right again."""

    def both(raw: dict[str, Any]) -> None:
        change(raw)
        every = b"".join(bytes.fromhex(one["digest"]) for one in raw["predicate"]["resources"])
        raw["subject"][0]["digest"]["sha256"] = hashlib.sha256(every).hexdigest()

    return both


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda raw: raw["predicate"]["resources"].remove(resource(raw, PLACE)), f"{PLACE} was not signed"),
        (lambda raw: resource(raw, PLACE).update(name="../else"), "'../else' was signed and is not in the manifest"),
        (lambda raw: resource(raw, PLACE).update(digest="00" * 32), f"another {PLACE} was signed than"),
        (lambda raw: raw["predicate"]["resources"].remove(resource(raw, FILE_NAME)), "another manifest.json: none"),
        (lambda raw: raw["predicate"]["serialization"].update(hash_type="blake3"), "hashed by 'files' with 'blake3'"),
        (lambda raw: raw["predicate"]["serialization"].update(method="shards"), "hashed by 'shards' with 'sha256'"),
        (lambda raw: raw["predicate"].pop("resources"), "predicate: 'resources' is missing"),
        (lambda raw: raw.update(predicateType="https://slsa.dev/provenance/v1"), "predicateType: "),
    ],
)  # fmt: skip
def test_a_statement_that_does_not_say_all_is_refused_though_it_is_signed(
    change: Callable[[dict[str, Any]], object], sentence: str, lamp: Bundle, our: PrivateKey
) -> None:
    careful = "pop" in change.__code__.co_names
    sign_changed(lamp.directory, our, change if careful else with_root(change))
    assert sentence in refusal(lamp, our)


def test_bytes_that_are_no_statement_are_refused_though_they_are_signed(lamp: Bundle, our: PrivateKey) -> None:
    for payload in (b"", b"[]", b"\xff", b"{" * 5000):
        sign_payload(lamp.directory, payload, our)
        assert refusal(lamp, our).startswith(f"{lamp.directory}/model.sig: ")


def test_a_signature_that_is_no_plain_file_is_refused(lamp: Bundle, our: PrivateKey, tmp_path: Path) -> None:
    sign(lamp.directory, our)
    lamp.file(SIGNATURE).rename(tmp_path / "elsewhere")
    lamp.file(SIGNATURE).symlink_to(tmp_path / "elsewhere")
    assert "model.sig is a link" in refusal(lamp, our, kind=IntegrityError)
    lamp.file(SIGNATURE).unlink()
    os.mkfifo(lamp.file(SIGNATURE))  # reading it would wait for ever
    assert "not signed" in refusal(lamp, our)
    assert "model.sig is a pipe" in refusal(lamp, kind=IntegrityError)


def test_a_manifest_cannot_list_the_signature(lamp: Bundle, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"'model.sig' is not a relative path inside the bundle"):
        write_bundle(tmp_path / "odd", manifest(), contents() | {SIGNATURE: b"{}"})


# Before anything reaches an interpreter


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("unsigned", "copy: not signed, it has no model.sig, and here a key was given; sign it where it was exported"),
        ("another key", "model.sig: made with another key ("),
        ("one byte", "variants/full_int8.tflite: sha256 "),
        ("one byte, and the manifest", "model.sig: it is for another manifest.json: sha256 "),
    ],
)
def test_no_interpreter_is_reached_by_a_bundle_that_is_refused(
    wrong: str, sentence: str, bundle: Bundle, our: PrivateKey, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bundle.directory, copy)
    if wrong != "unsigned":
        sign(copy, pair(tmp_path, "other") if wrong == "another key" else our)
    if wrong.startswith("one byte"):
        model = copy / "variants/full_int8.tflite"
        before = hashlib.sha256(content := model.read_bytes()).hexdigest()
        model.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
        if wrong.endswith("manifest"):
            after = hashlib.sha256(model.read_bytes()).hexdigest()
            (copy / FILE_NAME).write_text((copy / FILE_NAME).read_text().replace(before, after))
            open_bundle(copy)  # who has no key takes it
    code = """
import sys
from pathlib import Path
from edge_runtime.errors import BundleError
from edge_runtime.service.loading import Wish, load
announced = []
try:
    load(Path(sys.argv[1]), Wish(keys=(sys.argv[2],)), announced.append, frozenset())
except BundleError as error:
    print(announced, [name for name in sys.modules if name in ("ai_edge_litert", "tflite_runtime", "onnxruntime")])
    print(error)
"""
    done = in_a_process(code, copy, our.public.path)
    assert done.stdout.startswith("[] []\n"), done.stderr
    assert sentence in done.stdout


def test_an_interpreter_is_reached_by_a_bundle_that_is_taken(bundle: Bundle, our: PrivateKey, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bundle.directory, copy)
    sign(copy, our)
    told: list[str] = []
    load(copy, Wish("full_int8.tflite", 1, keys=(str(our.public.path),)), told.append, frozenset())
    assert len(told) == 1


@pytest.mark.parametrize("name", ["full_int8.tflite", "float32.onnx"])
def test_a_model_that_is_replaced_after_it_was_checked_is_never_loaded(
    name: str, bundle: Bundle, our: PrivateKey, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bundle.directory, copy)
    opened = sign(copy, our)
    load_classifier(opened, name, 1)
    place = opened.file(opened.variant(name).path)
    place.write_bytes(opened.file("variants/float16.tflite").read_bytes())
    with pytest.raises(IntegrityError, match="has changed since the bundle was opened; try again"):
        load_classifier(opened, name, 1)
    place.unlink()
    with pytest.raises(IntegrityError, match="cannot be read: No such file"):
        load_classifier(opened, name, 1)


@pytest.mark.parametrize("place", ["golden/scores.json", "the first picture"])
def test_a_golden_sample_that_is_replaced_after_it_was_checked_is_never_read(
    place: str, bundle: Bundle, our: PrivateKey, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bundle.directory, copy)
    opened = sign(copy, our)
    samples = read_golden(opened).samples
    classifier = load_classifier(opened, "full_int8.tflite", 1)
    assert prove(opened, classifier).passed
    replaced = opened.file(samples[0].path if place == "the first picture" else place)
    replaced.write_bytes(b"not what was signed, and no picture that a decoder shall see")
    for read in (
        lambda: prove(opened, classifier),
        lambda: measure(opened, opened.manifest.variants[:1], 1),
        lambda: enlarged(opened, tmp_path),
    ):
        with pytest.raises(IntegrityError, match=f"{replaced}: has changed since the bundle was opened; try again"):
            read()


def test_a_signed_model_judges_from_memory_as_from_its_file(bundle: Bundle, our: PrivateKey, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(bundle.directory, copy)
    signed = sign(copy, our)
    for variant in signed.manifest.variants:
        ours, theirs = (prove(one, load_classifier(one, variant.name, 1)) for one in (signed, bundle))
        assert ours.largest_difference == theirs.largest_difference


# For people


def test_who_has_signed_can_be_told_without_a_key(lamp: Bundle, our: PrivateKey) -> None:
    assert signed_with(lamp.directory) == ""
    sign(lamp.directory, our)
    assert signed_with(lamp.directory) == f"with the key {our.public.hint[:12]}"
    lamp.file(SIGNATURE).write_bytes(b"{")
    assert signed_with(lamp.directory).startswith("cannot be read: ")
    open_bundle(lamp.directory)
