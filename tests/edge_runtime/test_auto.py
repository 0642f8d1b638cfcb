import json
from dataclasses import replace
from pathlib import Path

import pytest

from edge_runtime.auto import Terms, choose, fastest, good_enough, load, measure
from edge_runtime.bundle import golden
from edge_runtime.bundle.manifest import Variant
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.classifier import PREFERENCE
from edge_runtime.errors import VariantError
from tests.edge_runtime.samples import variant

INT8, FLOAT, DYNAMIC = variant("full_int8.tflite"), variant("float32.tflite"), variant("dynamic_int8.tflite")

# The choice


def test_the_fastest_is_chosen() -> None:
    assert choose([INT8, FLOAT], {INT8.name: 2.0, FLOAT.name: 1.0}) == FLOAT
    assert choose([FLOAT, INT8], {INT8.name: 1.0, FLOAT.name: 2.0}) == INT8


def test_of_those_within_five_percent_the_preferred_one_is_chosen() -> None:
    assert choose([FLOAT, INT8], {INT8.name: 1.05, FLOAT.name: 1.0}) == INT8
    assert choose([FLOAT, INT8], {INT8.name: 1.06, FLOAT.name: 1.0}) == FLOAT


def test_one_that_does_not_judge_as_at_export_is_never_chosen() -> None:
    assert choose([INT8, FLOAT], {INT8.name: None, FLOAT.name: 9.0}) == FLOAT
    assert choose([INT8, FLOAT], {INT8.name: None}) is None


def test_accuracy_that_may_be_given_away_is_counted_from_the_bundles_best() -> None:
    worse = replace(INT8, top1=0.91)
    best = replace(FLOAT, top1=0.92)
    assert good_enough([best, worse], 1.0, 0.92) == [worse, best]  # 0.92 - 0.91 is a little more than 0.01
    assert good_enough([best, worse], 0.9, 0.92) == [best]
    assert good_enough([best, worse], None, 0.92) == [worse, best]
    with pytest.raises(VariantError, match=r"no variant that may be taken is within 0\.5 points of the best one's"):
        good_enough([worse], 0.5, 0.92)
    with pytest.raises(VariantError, match="the bundle holds no variant; export it again"):
        good_enough([], None, 0.0)


# On this device


def test_every_variant_of_a_real_bundle_is_measured_and_announced_before(bundle: Bundle) -> None:
    told: list[Variant] = []
    measured = measure(bundle, bundle.manifest.variants, threads=1, announce=told.append)
    assert sorted(measured) == sorted(one.name for one in bundle.manifest.variants)
    assert all(seconds is not None and seconds > 0 for seconds in measured.values())
    assert [one.name for one in told] == list(PREFERENCE)


def test_a_choice_is_measured_once_and_holds_from_then_on(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "auto.json"
    told: list[Variant] = []
    first = fastest(bundle, bundle.manifest.variants, Terms(1), told.append, path)
    assert len(told) == len(PREFERENCE) + 1  # each measured, and the chosen one proved
    assert told[-1] == first
    told.clear()
    assert fastest(bundle, bundle.manifest.variants, Terms(1), told.append, path) == first
    assert told == []
    fastest(bundle, bundle.manifest.variants, Terms(2), told.append, path)
    assert told  # with another number of threads another may be the fastest


def test_what_was_remembered_decides(bundle: Bundle, tmp_path: Path) -> None:
    path = tmp_path / "auto.json"
    fastest(bundle, bundle.manifest.variants, Terms(1), memory=path)
    content = json.loads(path.read_text())
    (times,) = content["seconds"].values()
    content["seconds"] = {key: {**times, "float16.tflite": 1e-9} for key in content["seconds"]}
    path.write_text(json.dumps(content))
    assert load(bundle, Terms(1), memory=path).identity.variant == "float16.tflite"
    left = [one for one in bundle.manifest.variants if one.name != "float16.tflite"]
    assert fastest(bundle, left, Terms(1), memory=path).name != "float16.tflite"


@pytest.fixture
def tampered(bundle: Bundle, tmp_path: Path) -> Bundle:
    """All digests are right, but every TFLite variant's golden scores are another model's."""
    samples = golden.from_bytes(bundle.file(golden.FILE_NAME).read_bytes()).samples
    changed = tuple(
        replace(
            one,
            scores={name: tuple(reversed(s)) if name.endswith("tflite") else s for name, s in one.scores.items()},
        )
        for one in samples
    )
    contents = {path: bundle.file(path).read_bytes() for path in bundle.manifest.files}
    contents[golden.FILE_NAME] = golden.GoldenSamples(changed).to_bytes()
    return write_bundle(tmp_path / "tampered", bundle.manifest, contents)


def test_a_variant_that_does_not_give_its_golden_scores_here_is_never_taken(tampered: Bundle, tmp_path: Path) -> None:
    assert fastest(tampered, tampered.manifest.variants, Terms(1), memory=tmp_path / "auto.json").format == "onnx"


def test_where_none_does_that_is_told_by_name(tampered: Bundle, tmp_path: Path) -> None:
    left = [one for one in tampered.manifest.variants if one.format == "tflite"]
    with pytest.raises(VariantError, match=r"full_int8\.tflite, .*: none judges here as at export; 'edge-runtime ver"):
        fastest(tampered, left, Terms(1), memory=tmp_path / "auto.json")


def test_a_variant_that_does_not_load_is_left_out(bundle: Bundle, tmp_path: Path) -> None:
    contents = {path: bundle.file(path).read_bytes() for path in bundle.manifest.files}
    contents["variants/full_int8.tflite"] = b"no model"
    broken = write_bundle(tmp_path / "broken", bundle.manifest, contents)
    assert measure(broken, [broken.variant("full_int8.tflite")]) == {"full_int8.tflite": None}
    with pytest.raises(VariantError, match="cannot run it"):
        fastest(broken, [broken.variant("full_int8.tflite")], Terms(1), memory=tmp_path / "auto.json")


def test_a_read_only_place_costs_a_measurement_and_no_error(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert load(open_bundle(bundle.directory), Terms(1), memory=tmp_path / "file" / "auto.json").identity.variant
