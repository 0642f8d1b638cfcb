import json
from dataclasses import replace

import pytest

from edge_runtime.bundle.difference import SAME_VERSION, Change, compare, compare_labels
from edge_runtime.bundle.manifest import Calibration, FileEntry, LeftOut, Manifest
from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.errors import FieldError
from tests.edge_runtime.samples import manifest, variant


def lamp(labels: tuple[str, ...] = ("dark", "dim", "bright"), version: str = "2.0") -> Manifest:
    """A manifest of another version with these labels."""
    return replace(manifest(version=version), spec=ModelSpec(labels, PreprocessingSpec((2, 2))))


def changes(old: Manifest, new: Manifest, about: str) -> list[Change]:
    return [change for change in compare(old, new) if change.about == about]


OLD = lamp(version="1.0")


def test_equal_manifests_have_no_difference() -> None:
    assert compare(lamp(), lamp()) == ()


def test_of_different_versions_the_version_is_no_danger() -> None:
    assert compare(OLD, lamp()) == (Change("identity", "version", "1.0", "2.0"),)


def test_another_bundle_of_the_same_name_and_version_is_a_danger() -> None:
    (said,) = changes(lamp(), replace(lamp(), threshold=0.5), "identity")
    assert said == Change("identity", SAME_VERSION, "2.0", "2.0", True)


def test_labels_in_another_order_have_moved_and_nothing_else() -> None:
    assert changes(OLD, lamp(("bright", "dim", "dark")), "labels") == [
        Change("labels", "dark", 0, 2, True),
        Change("labels", "bright", 2, 0, True),
    ]


def test_a_label_in_between_moves_those_behind_it_and_they_are_said_first() -> None:
    assert changes(OLD, lamp(("dark", "dusk", "dim")), "labels") == [
        Change("labels", "dim", 1, 2, True),
        Change("labels", "bright", 2, None, True),
        Change("labels", "dusk", None, 1, True),
    ]


def test_another_preparation_of_pixels_is_a_danger() -> None:
    new = replace(lamp(), spec=ModelSpec(lamp().spec.labels, PreprocessingSpec((4, 2), "letterbox")))
    assert changes(OLD, new, "preprocessing") == [
        Change("preprocessing", "size", [2, 2], [4, 2], True),
        Change("preprocessing", "resize", "stretch", "letterbox", True),
    ]


def test_a_variant_that_is_gone_is_a_danger_and_one_that_is_new_is_none() -> None:
    gone, new, left_out = changes(
        OLD,
        replace(
            lamp(),
            variants=(variant("int8.onnx"),),
            gate=replace(OLD.gate, left_out=(LeftOut("float32.tflite", "too large"),)),
        ),
        "variants",
    )
    assert (gone.what, gone.new, gone.breaks) == ("float32.tflite", None, True)
    assert (new.what, new.old, new.new["top1"], new.breaks) == ("int8.onnx", None, 0.9, False)
    assert left_out == Change("variants", "float32.tflite: left out", None, "too large")


@pytest.mark.parametrize(
    ("needs", "breaks"),
    [("any 1.0", None), ("any 1.2", True), ("any 0.9.1", False), ("any 1.10", True), ("other 1.0", True)],
)
def test_an_interpreter_that_may_be_too_old_is_a_danger(needs: str, breaks: bool | None) -> None:
    new = replace(lamp(), variants=(replace(variant(), minimum_runtime=needs),))
    found = [change.breaks for change in changes(OLD, new, "variants")]
    assert found == ([] if breaks is None else [breaks])


def test_a_variants_figures_and_size_are_told() -> None:
    old = replace(OLD, files={"variants/float32.tflite": FileEntry("ab" * 32, 1000)})
    new = replace(
        lamp(),
        variants=(replace(variant(), top1=0.95),),
        files={"variants/float32.tflite": FileEntry("cd" * 32, 900), "README.md": FileEntry("ef" * 32, 1)},
    )
    assert changes(old, new, "variants") == [
        Change("variants", "float32.tflite: top1", 0.9, 0.95),
        Change("variants", "float32.tflite: size", 1000, 900),
    ]
    assert [(c.what, c.old and c.old["size"], c.new["size"]) for c in changes(old, new, "files")] == [
        ("variants/float32.tflite", 1000, 900),
        ("README.md", None, 1),
    ]


def test_where_the_model_comes_from_is_told() -> None:
    origin = replace(OLD.provenance, versions={"numpy": "2", "keras": "4"}, calibration=Calibration("train", 7, (3, 4)))
    assert changes(OLD, replace(lamp(), provenance=origin), "provenance") == [
        Change("provenance", "keras", "3", "4"),
        Change("provenance", "calibration: pictures", None, 2),
        Change("provenance", "calibration: seed", None, 7),
        Change("provenance", "calibration: indices", None, [3, 4]),
    ]


def test_the_gate_is_told() -> None:
    gate = replace(OLD.gate, samples=200)
    assert changes(OLD, replace(lamp(), gate=gate), "gate") == [Change("gate", "samples", 100, 200)]


def report(labels: list[str], **shares: list[float | None]) -> bytes:
    variants: dict[str, object] = {name: {"per_label": share} for name, share in shares.items()}
    return json.dumps({"labels": labels, "variants": variants | {"failed.tflite": {"reason": "conversion"}}}).encode()


def test_labels_are_compared_by_their_names() -> None:
    old = report(["dark", "dim", "bright"], float32=[0.9, 0.8, None], int8=[0.9, 0.8, 0.7])
    new = report(["bright", "dark"], float32=[0.5, 0.95])
    assert compare_labels(old, new) == (Change("parity", "float32: dark", 0.9, 0.95),)


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"labels": [], "variants": {"a": {"per_label": [1]}}}', b"\xff"])
def test_a_report_of_another_form_is_refused(content: bytes) -> None:
    with pytest.raises(FieldError, match=r"^reports/parity\.json: not"):
        compare_labels(content, report([]))
