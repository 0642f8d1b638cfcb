import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.bundle import manifest as manifests
from edge_runtime.bundle.manifest import Calibration, FileEntry, LeftOut, Manifest, Provenance, Variant
from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.bundle.store import Bundle
from edge_runtime.errors import FieldError, ManifestError
from tests.edge_runtime.samples import manifest

PLACE = "variants/float32.tflite"
ENTRY = FileEntry("ab" * 32, 3)
COMPLETE = replace(manifest(), files={PLACE: ENTRY})

ratios = st.floats(0, 1)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,10}", fullmatch=True)
labels = st.lists(st.from_regex(r"[A-Za-z가-힣/ -]{0,6}[a-z]", fullmatch=True), min_size=2, max_size=5, unique=True)


@st.composite
def any_manifests(draw: st.DrawFn) -> Manifest:
    found = tuple(
        Variant(
            name, f"variants/{name}", draw(st.sampled_from(("tflite", "onnx"))), "any", *draw(st.tuples(*[ratios] * 3))
        )
        for name in draw(st.lists(names, unique=True, max_size=3))
    )
    sizes = draw(st.lists(st.integers(0), min_size=len(found), max_size=len(found)))
    calibration = draw(
        st.none() | st.builds(Calibration, st.just("train"), st.integers(), st.lists(st.integers()).map(tuple))
    )
    return replace(
        COMPLETE,
        name=draw(names),
        version=draw(names),
        spec=ModelSpec(
            tuple(draw(labels)),
            PreprocessingSpec(
                draw(st.tuples(st.integers(1, 999), st.integers(1, 999))),
                draw(st.sampled_from(("stretch", "center_crop", "letterbox"))),
                draw(st.sampled_from(("box", "bilinear", "bicubic", "lanczos"))),
            ),
        ),
        variants=found,
        gate=replace(
            COMPLETE.gate, left_out=tuple(draw(st.lists(st.builds(LeftOut, st.text(), st.text()), max_size=2)))
        ),
        provenance=Provenance("m", "d", "e", draw(st.dictionaries(st.text(), st.text(), max_size=4)), calibration),
        files={one.path: FileEntry("ab" * 32, size) for one, size in zip(found, sizes, strict=True)},
    )


def written(**changes: object) -> bytes:
    return json.dumps(json.loads(COMPLETE.to_bytes()) | changes).encode()


def reordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@given(any_manifests())
def test_what_is_written_reads_back_as_the_same_manifest(value: Manifest) -> None:
    content = value.to_bytes()
    assert manifests.from_bytes(content) == value
    assert manifests.from_bytes(content).to_bytes() == content


@given(any_manifests())
def test_the_order_in_which_it_was_made_changes_neither_bytes_nor_digest(value: Manifest) -> None:
    other = manifests.from_bytes(json.dumps(reordered(json.loads(value.to_bytes()))).encode())
    assert list(other.files) == sorted(value.files, reverse=True)
    assert manifests.digest(other.to_bytes()) == manifests.digest(value.to_bytes())


def test_an_exported_manifest_is_in_its_canonical_form(bundle: Bundle) -> None:
    content = bundle.file("manifest.json").read_bytes()
    assert manifests.from_bytes(content).to_bytes() == content
    assert manifests.digest(content) == bundle.digest


def test_the_digest_is_sha256() -> None:
    assert manifests.digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("version", "advice"), [(2, "update edge-runtime on this device"), (0, "export the run again")]
)
def test_another_schema_version_is_refused_naming_both(version: int, advice: str) -> None:
    with pytest.raises(ManifestError) as refused:
        manifests.from_bytes(written(schema_version=version, hologram={}))
    wanted = f"manifest.json: schema version {version} found, this edge-runtime reads version 1; {advice}"
    assert str(refused.value) == wanted  # and not a word about the field that only the other version knows


@pytest.mark.parametrize(
    "content", [b"[]", b"3", b"null", b"{}", written(schema_version="1"), written(schema_version=True)]
)
def test_what_has_no_schema_version_is_not_taken_for_a_manifest(content: bytes) -> None:
    with pytest.raises(ManifestError, match="'schema_version' is missing or not a whole number"):
        manifests.from_bytes(content)


def test_an_unknown_field_is_refused_with_the_one_that_may_be_meant() -> None:
    with pytest.raises(ManifestError, match=r"manifest.json: unknown field 'varients'; did you mean 'variants'\?"):
        manifests.from_bytes(written(varients=[]))


def test_the_place_of_the_manifest_is_named_once() -> None:
    with pytest.raises(ManifestError, match=r"^/b/manifest.json: name: letters, digits") as refused:
        manifests.from_bytes(written(name="a b"), "/b/manifest.json")
    assert str(refused.value).count("manifest.json") == 1


@pytest.mark.parametrize("name", ["", "a b", "-a", "../a", "a/b", "신발", "a\n"])
@pytest.mark.parametrize("word", ["name", "version"])
def test_a_name_that_is_not_safe_in_a_path_is_refused(word: str, name: str) -> None:
    with pytest.raises(ManifestError, match=f"{word}: letters, digits and"):
        manifests.from_bytes(written(**{word: name}))


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "//etc/passwd", "..", "../x", "a/../../x", "a/../x", "a\\b", "..\\x", "C:x", "C:/x", "", ".",
        "./x", "a/./x", "a//x", "a/", "manifest.json", "a\nb", "a\0b",
    ],
)  # fmt: skip
def test_a_path_that_leaves_the_bundle_is_refused_by_name(path: str) -> None:
    with pytest.raises(FieldError) as refused:
        manifests.check_path(path)
    assert str(refused.value) == f"files: '{path}' is not a relative path inside the bundle"
    with pytest.raises(ManifestError, match="is not a relative path inside the bundle"):
        manifests.from_bytes(written(files={PLACE: {"sha256": "ab", "size": 1}, path: {"sha256": "ab", "size": 1}}))


@pytest.mark.parametrize("path", ["x", "a/b.c", "variants/float32.tflite", "신발/a b.png", "..x", "a..b", ".hidden"])
def test_a_path_inside_the_bundle_is_taken(path: str) -> None:
    manifests.check_path(path)


def test_a_variant_whose_file_is_not_listed_is_refused() -> None:
    with pytest.raises(ManifestError, match=f"variants: float32.tflite: '{PLACE}' is not among the files"):
        manifests.from_bytes(written(files={}))


def test_two_variants_of_one_name_are_refused() -> None:
    raw = json.loads(COMPLETE.to_bytes())
    with pytest.raises(ManifestError, match=r"variants: '.+' is there twice"):
        manifests.from_bytes(written(variants=[*raw["variants"], raw["variants"][0]]))


def test_a_manifest_from_before_the_gate_demanded_more_still_opens() -> None:
    raw = json.loads(COMPLETE.to_bytes())
    for name in ("max_label_degradation", "min_agreement", "max_size", "max_latency"):
        assert raw["gate"].pop(name) is None
    assert manifests.from_bytes(json.dumps(raw).encode()) == COMPLETE


def test_what_the_gate_demanded_is_kept() -> None:
    gate = replace(COMPLETE.gate, max_label_degradation=3.0, min_agreement=0.99, max_size=300_000, max_latency=1.5)
    found = replace(COMPLETE, gate=gate)
    assert manifests.from_bytes(found.to_bytes()).gate == gate
