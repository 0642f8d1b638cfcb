import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.bundle.writer import pack, write_bundle
from edge_runtime.device.container import in_container
from edge_runtime.errors import BundleError, IntegrityError, ManifestError, VariantError
from tests.edge_runtime.samples import contents, in_a_process, manifest, variant

PLACE = "variants/float32.tflite"


def files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def refusal(directory: Path, kind: type[BundleError]) -> str:
    with pytest.raises(BundleError) as refused:
        open_bundle(directory)
    assert type(refused.value) is kind
    return str(refused.value)


# Writing and opening


def test_what_was_written_opens_as_the_same_bundle(lamp: Bundle) -> None:
    opened = open_bundle(lamp.directory)
    assert opened == lamp
    assert opened.title == f"lamp 1.0 ({lamp.digest[:12]})"
    assert {path: lamp.file(path).read_bytes() for path in opened.manifest.files} == contents()


def test_the_same_content_gives_the_same_bytes_whatever_the_order(lamp: Bundle, tmp_path: Path) -> None:
    first = manifest()
    versions = dict(reversed(first.provenance.versions.items()))
    second = replace(first, provenance=replace(first.provenance, versions=versions))
    other = write_bundle(tmp_path / "other", second, dict(reversed(contents().items())))
    assert other.digest == lamp.digest
    assert files(other.directory) == files(lamp.directory)


def test_one_other_byte_gives_another_digest(lamp: Bundle, tmp_path: Path) -> None:
    assert write_bundle(tmp_path / "other", manifest(), contents() | {"README.md": b"# lump\n"}).digest != lamp.digest


def test_an_exported_bundle_opens(bundle: Bundle) -> None:
    assert open_bundle(bundle.directory).manifest == bundle.manifest


# Refusals


def test_a_missing_file_is_refused_by_name(lamp: Bundle) -> None:
    lamp.file("labels.txt").unlink()
    assert refusal(lamp.directory, IntegrityError) == f"{lamp.directory}: labels.txt is missing; copy the bundle again"


@pytest.mark.parametrize("extra", ["notes.txt", "variants/extra.tflite", "deep/er/.hidden", "manifest.json~"])
def test_an_extra_file_is_refused_by_name(lamp: Bundle, extra: str) -> None:
    lamp.file(extra).parent.mkdir(parents=True, exist_ok=True)
    lamp.file(extra).write_bytes(b"")
    wanted = f"{lamp.directory}: {extra} is not in the manifest; remove it or copy the bundle again"
    assert refusal(lamp.directory, IntegrityError) == wanted


def test_an_altered_file_of_the_same_size_is_refused_by_name(lamp: Bundle) -> None:
    content = bytearray(lamp.file(PLACE).read_bytes())
    content[500] ^= 1
    lamp.file(PLACE).write_bytes(content)
    message = refusal(lamp.directory, IntegrityError)
    entry = lamp.manifest.files[PLACE]
    assert message.startswith(f"{lamp.directory}: {PLACE}: sha256 {entry.sha256[:12]}… expected, ")
    assert message.endswith("… found; copy the bundle again")


def test_every_altered_file_of_an_exported_bundle_is_refused_by_name(bundle: Bundle, tmp_path: Path) -> None:
    copy = shutil.copytree(bundle.directory, tmp_path / "copy")
    for path in bundle.manifest.files:
        good = (copy / path).read_bytes()
        (copy / path).write_bytes(good[:-1] + bytes([good[-1] ^ 128]))
        assert f"{copy}: {path}: sha256 " in refusal(copy, IntegrityError)
        (copy / path).write_bytes(good)
    assert open_bundle(copy).digest == bundle.digest


def test_an_altered_size_is_refused_by_name(lamp: Bundle) -> None:
    lamp.file(PLACE).write_bytes(b"\x07" * 999)
    wanted = f"{lamp.directory}: {PLACE}: 1000 bytes expected, 999 found; copy it again"
    assert refusal(lamp.directory, IntegrityError) == wanted


def test_labels_changed_in_the_manifest_alone_are_refused(lamp: Bundle) -> None:
    path = lamp.file("manifest.json")
    path.write_text(path.read_text().replace('"bright"', '"brigth"'))
    assert "labels.txt says other ones" in refusal(lamp.directory, ManifestError)


def test_an_altered_manifest_is_another_bundle(lamp: Bundle) -> None:
    place = lamp.file("manifest.json")
    place.write_bytes(place.read_bytes().replace(b'"version": "1.0"', b'"version": "1.1"'))
    assert open_bundle(lamp.directory).digest != lamp.digest


def test_a_link_is_refused_by_name_even_to_the_right_content(lamp: Bundle, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    lamp.file("labels.txt").rename(outside)
    lamp.file("labels.txt").symlink_to(outside)
    wanted = f"{lamp.directory}: labels.txt is a link; a bundle holds plain files only"
    assert refusal(lamp.directory, IntegrityError) == wanted


def test_a_linked_directory_is_refused_by_name(lamp: Bundle, tmp_path: Path) -> None:
    lamp.file("variants").rename(tmp_path / "outside")
    lamp.file("variants").symlink_to(tmp_path / "outside")
    assert "variants is a link" in refusal(lamp.directory, IntegrityError)


def test_a_pipe_is_refused_by_name_without_waiting_for_a_writer(lamp: Bundle) -> None:
    lamp.file("labels.txt").unlink()
    os.mkfifo(lamp.file("labels.txt"))
    wanted = f"{lamp.directory}: labels.txt is a pipe, socket or device; a bundle holds plain files only"
    assert refusal(lamp.directory, IntegrityError) == wanted


def test_a_newer_bundle_is_refused_naming_both_versions(lamp: Bundle) -> None:
    place = lamp.file("manifest.json")
    place.write_bytes(place.read_bytes().replace(b'"schema_version": 1', b'"schema_version": 2'))
    message = refusal(lamp.directory, ManifestError)
    assert message.startswith(
        f"{place}: schema version 2 found, this edge-runtime reads version 1; update edge-runtime"
    )


def test_what_is_not_a_bundle_is_refused_with_what_to_do(tmp_path: Path, lamp: Bundle) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    pack(lamp, tmp_path / "lamp.tar")
    assert refusal(tmp_path / "none", BundleError) == f"{tmp_path}/none: no such bundle"
    assert refusal(empty, BundleError) == f"{empty}: not a bundle, it has no manifest.json"
    wanted = f"{tmp_path}/lamp.tar: a bundle is a directory; unpack a transport file with 'tar -xf {tmp_path}/lamp.tar'"
    assert refusal(tmp_path / "lamp.tar", BundleError) == wanted


def test_a_bundle_that_this_user_may_not_read_is_refused_with_the_kernels_reason(lamp: Bundle) -> None:
    code = """
import os, sys
from pathlib import Path
from edge_runtime.bundle.store import open_bundle
from edge_runtime.console import guard
if os.getuid() == 0:
    os.setuid(65534)  # root may read everything
sys.exit(guard("reader", lambda: open_bundle(Path(sys.argv[1])) and 0))
"""
    lamp.directory.chmod(0)
    done = in_a_process(code, lamp.directory)
    lamp.directory.chmod(0o755)
    assert (done.returncode, done.stdout) == (1, "")
    said, _, what_to_do = done.stderr.strip().partition("; this container")  # if these tests run in one
    assert said == f"reader: error: {lamp.directory}: cannot be read: Permission denied"
    assert bool(what_to_do) == in_container()


# Choosing a variant


@pytest.fixture
def three(tmp_path: Path) -> Bundle:
    names = ("float32.tflite", "float32.onnx", "full_int8.tflite")
    made = manifest(variants=tuple(variant(name) for name in names))
    return write_bundle(tmp_path / "three", made, {f"variants/{name}": name.encode() for name in names})


def test_a_variant_is_found_by_name_and_by_a_stem_that_is_its_alone(three: Bundle) -> None:
    assert three.variant("float32.onnx").name == "float32.onnx"
    assert three.variant("full_int8").name == "full_int8.tflite"


def test_a_stem_of_two_variants_is_refused_naming_both(three: Bundle) -> None:
    with pytest.raises(VariantError) as refused:
        three.variant("float32")
    assert str(refused.value) == "variant 'float32' could be float32.tflite or float32.onnx; say which"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("ful_int8.tflite", "did you mean 'full_int8.tflite'?"),
        ("zzz", "known: float32.tflite, float32.onnx, full_int8.tflite"),
    ],
)
def test_an_unknown_variant_is_refused_with_what_there_is(three: Bundle, typed: str, hint: str) -> None:
    with pytest.raises(VariantError) as refused:
        three.variant(typed)
    assert str(refused.value) == f"{three.directory}: no variant '{typed}'; {hint}"
