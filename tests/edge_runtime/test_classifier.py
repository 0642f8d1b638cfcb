from itertools import count

import numpy as np
import pytest

from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import (
    MAX_THREADS,
    PREFERENCE,
    BundleClassifier,
    best,
    choose,
    default_threads,
    load_classifier,
)
from edge_runtime.device.cpus import usable_cpus
from edge_runtime.errors import VariantError
from tests.edge_runtime.samples import IDENTITY, SPEC, Brightness, brightness, flat, variant


def test_a_classifier_gives_scores_and_the_time_inside_the_interpreter() -> None:
    ticks = count(10.0, 0.25)
    classifier = BundleClassifier(Brightness(), SPEC, IDENTITY, clock=lambda: next(ticks))
    judgement = classifier.classify(flat(255))
    assert judgement.scores.tolist() == [0, 1]
    assert judgement.latency == 0.25


@pytest.mark.parametrize(
    ("runtime", "message"),
    [
        (Brightness(input_shape=(1, 3, 2, 3)), "input [1, 2, 2, 3] expected, [1, 3, 2, 3] found; export it again"),
        (Brightness(input_shape=(1, 2, 2, 1)), "input [1, 2, 2, 3] expected, [1, 2, 2, 1] found; export it again"),
        (Brightness(output_shape=(1, 3)), "output [1, 2] expected, [1, 3] found; export it again"),
        (Brightness(output_shape=(2,)), "output [1, 2] expected, [2] found; export it again"),
    ],
)
def test_a_variant_of_another_shape_is_refused_with_both(runtime: Brightness, message: str) -> None:
    with pytest.raises(VariantError) as refused:
        BundleClassifier(runtime, SPEC, IDENTITY)
    assert str(refused.value) == f"mean.tflite: {message}"


def test_a_variant_that_does_not_take_raw_pixels_is_refused() -> None:
    runtime = Brightness()
    runtime.input_dtype = np.dtype(np.float32)
    with pytest.raises(VariantError, match=r"mean\.tflite: input uint8 expected, float32 found; export again"):
        BundleClassifier(runtime, SPEC, IDENTITY)


def test_auto_takes_the_first_of_the_preferred_variants_that_is_there() -> None:
    for skipped in range(len(PREFERENCE)):
        there = [variant(name) for name in reversed(PREFERENCE[skipped:])]
        assert choose(there).name == PREFERENCE[skipped]


def test_auto_takes_a_variant_nobody_ranked_when_it_is_the_only_one() -> None:
    assert choose([variant("int4.tflite")]).name == "int4.tflite"
    assert choose([variant("int4.tflite"), variant("dynamic_int8.tflite")]).name == "dynamic_int8.tflite"


def test_a_bundle_without_variants_is_refused() -> None:
    with pytest.raises(VariantError, match="the bundle holds no variant; export it again"):
        choose([])


def test_auto_is_full_int8_where_everything_is_installed(bundle: Bundle) -> None:
    identity = load_classifier(bundle).identity
    assert identity.variant == "full_int8.tflite"
    assert (identity.bundle, identity.version) == (bundle.manifest.name, bundle.manifest.version)
    assert identity.digest == bundle.digest[:12]
    assert identity.runtime.startswith("ai-edge-litert ")


def test_the_best_labels_come_first_with_plain_numbers() -> None:
    found = best(("a", "b", "c"), np.array([0.25, 0.5, 0.25], np.float32), 2)
    assert found == [("b", 0.5), ("a", 0.25)]
    assert all(type(score) is float for _, score in found)


def test_threads_are_what_this_process_may_use_but_few() -> None:
    assert default_threads() == min(MAX_THREADS, usable_cpus())


def test_the_same_pixels_give_the_same_scores_again(bundle: Bundle) -> None:
    classifier = load_classifier(bundle)
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    first = classifier.classify(pixels).scores
    kept = first.copy()
    classifier.classify(255 - pixels)
    assert np.array_equal(first, kept)  # not a view of the interpreter's memory
    assert np.array_equal(classifier.classify(pixels).scores, kept)
    assert brightness().labels == ("dark", "bright")
