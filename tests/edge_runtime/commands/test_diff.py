"""`edge-runtime diff`, as a user meets it."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.bundle.manifest import LeftOut, Manifest
from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.bundle.store import Bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.commands.differing import WIDTH
from export.signing.sign import sign
from tests.signing import pair
from tests.support import python

PARITY = "reports/parity.json"


def diff(*arguments: object) -> subprocess.CompletedProcess[str]:
    return python("-m", "edge_runtime", "diff", *arguments)


def changed(bundle: Bundle, target: Path, manifest: Manifest, **files: bytes) -> Path:
    """The bundle with another manifest and the files that fit its labels."""
    content = {path: bundle.file(path).read_bytes() for path in bundle.manifest.files} | files
    content["labels.txt"] = "".join(f"{label}\n" for label in manifest.spec.labels).encode()
    return write_bundle(target, replace(manifest, version="9", files={}), content).directory


@pytest.fixture(scope="module")
def successor(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle after which nothing is as before: labels in another order, another size, a variant that is gone."""
    manifest = bundle.manifest
    labels = (*sorted(manifest.spec.labels)[1:], "Umbrella", "Scarf")
    left_out = LeftOut("float16.tflite", "top-1 0.8000 is 12.00 points below the Keras model's 0.9200")
    report = json.loads(bundle.file(PARITY).read_bytes())
    report["variants"]["full_int8.tflite"]["per_label"][0] -= 0.125
    return changed(
        bundle,
        tmp_path_factory.mktemp("diff") / "successor",
        replace(
            manifest,
            spec=ModelSpec(labels, PreprocessingSpec((32, 32))),
            variants=tuple(
                replace(variant, minimum_runtime="onnxruntime 99.0") if variant.format == "onnx" else variant
                for variant in manifest.variants
                if variant.name != "float16.tflite"
            ),
            gate=replace(manifest.gate, left_out=(left_out,)),
            threshold=0.875,
        ),
        **{PARITY: json.dumps(report).encode(), **{f"golden/more-{n}.png": b"x" for n in range(40)}},
    )


def test_a_bundle_is_the_same_as_itself(bundle: Bundle) -> None:
    done = diff(bundle.directory, bundle.directory, "--exit-code")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"the same bundle: {bundle.title}, {len(bundle.manifest.files)} files\n"


def test_what_may_break_is_said_first_and_labels_that_moved_before_all(bundle: Bundle, successor: Path) -> None:
    done = diff(bundle.directory, successor)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"old  {bundle.title}"
    assert lines[2:4] == ["", "look at these before a device gets the new one:"]
    assert "labels are moved: who reads scores by their place" in lines[4]
    warnings = " ".join(line.strip() for line in lines[: lines.index("scores")])
    for said in (
        "T-shirt/top 0 → 7", "1 label is gone", "Ankle boot", "2 labels are new", "Umbrella, Scarf",
        "size: 28 × 28 → 32 × 32", "float16.tflite is gone (top-1 0.8000 is 12.00 points below",
        "needs at least onnxruntime 99.0",
    ):  # fmt: skip
        assert said in warnings
    assert all(len(line) <= WIDTH for line in lines)


def test_the_rest_is_said_by_part(bundle: Bundle, successor: Path) -> None:
    said = diff(bundle.directory, successor).stdout
    assert "→ 0.875: a picture whose best score is below is unknown" in said
    assert "full_int8.tflite: T-shirt/top " in said
    assert "golden/: 40 added" in said
    assert "removed" not in said  # its file stays: an altered manifest alone says that it is gone
    assert said.splitlines()[-1] == "as before: gate, provenance"


def test_exit_code_tells_that_they_differ_and_not_that_one_cannot_be_read(
    bundle: Bundle, successor: Path, tmp_path: Path
) -> None:
    assert diff(bundle.directory, successor, "--exit-code").returncode == 4
    nothing = diff(bundle.directory, tmp_path / "nothing", "--exit-code")
    assert nothing.returncode == 1
    assert f"{tmp_path / 'nothing'}: no such bundle" in nothing.stderr


def test_json_holds_every_change(bundle: Bundle, successor: Path) -> None:
    told = json.loads(diff(bundle.directory, successor, "--format", "json").stdout)
    assert told["old"] == {
        "name": bundle.manifest.name,
        "version": bundle.manifest.version,
        "digest": bundle.digest,
    }
    assert told["same"] is False
    assert {"about": "labels", "what": "Ankle boot", "old": 9, "new": None, "breaks": True} in told["changes"]
    assert sum(change["about"] == "files" for change in told["changes"]) == 42
    same = json.loads(diff(bundle.directory, bundle.directory, "--format", "json").stdout)
    assert (same["same"], same["changes"]) == (True, [])


def test_labels_are_not_compared_on_other_pictures(bundle: Bundle, tmp_path: Path) -> None:
    origin = replace(bundle.manifest.provenance, dataset_digest="0" * 64)
    report = {PARITY: bundle.file(PARITY).read_bytes().replace(b"0.9", b"0.1")}
    other = changed(bundle, tmp_path / "other", replace(bundle.manifest, provenance=origin), **report)
    said = diff(bundle.directory, other).stdout
    assert "\nparity\n" not in said
    assert "look at these" not in said
    assert "dataset_digest" in said


def test_an_altered_bundle_is_refused(bundle: Bundle, successor: Path, tmp_path: Path) -> None:
    (successor / "README.md").rename(tmp_path / "README.md")
    done = diff(bundle.directory, successor)
    (tmp_path / "README.md").rename(successor / "README.md")
    assert done.returncode == 1
    assert "README.md is missing" in done.stderr


def test_a_signature_that_is_gone_is_a_danger_and_a_first_one_is_none(bundle: Bundle, tmp_path: Path) -> None:
    files = {path: bundle.file(path).read_bytes() for path in bundle.manifest.files}
    signed = write_bundle(tmp_path / "signed", replace(bundle.manifest, files={}), files).directory
    sign(signed, pair(tmp_path))
    gone = diff(signed, bundle.directory, "--exit-code")
    assert gone.returncode == 4
    assert "a device that was given a key takes no other" in gone.stdout
    first = diff(bundle.directory, signed).stdout
    assert "signed: none → with the key" in first
    assert "look at these" not in first
