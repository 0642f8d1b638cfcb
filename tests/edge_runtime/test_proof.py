from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edge_runtime.bundle import golden
from edge_runtime.bundle.golden import GoldenSample, GoldenSamples
from edge_runtime.bundle.store import Bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.classifier import BundleClassifier, Judgement, load_classifier
from edge_runtime.errors import BundleError
from edge_runtime.proof import prove, read_golden
from tests.edge_runtime.samples import IDENTITY, SPEC, Brightness, flat, manifest, variant
from tests.edge_runtime.test_preprocess import encoded

NAME = IDENTITY.variant


def lamp(directory: Path, *scores: tuple[float, ...], path: str = "golden/00.png", name: str = NAME) -> Bundle:
    """A bundle with one golden picture of brightness 51 (a fifth), and these scores for it."""
    samples = GoldenSamples(tuple(GoldenSample(path, "dark", {name: given}) for given in scores))
    files = {
        f"variants/{NAME}": b"arithmetic",
        "golden/00.png": encoded(Image.fromarray(flat(51)), "PNG"),
        golden.FILE_NAME: samples.to_bytes(),
    }
    return write_bundle(directory / "lamp", manifest(variants=(variant(NAME),)), files)


def classifier(runtime: Brightness | None = None) -> BundleClassifier:
    return BundleClassifier(runtime or Brightness(), SPEC, IDENTITY)


def test_the_right_scores_are_a_proof(tmp_path: Path) -> None:
    proof = prove(lamp(tmp_path, (0.8, 0.2), (0.8, 0.2)), classifier())
    assert proof.passed
    assert proof.samples == 2
    assert proof.largest_difference < 1e-6
    assert proof.tolerance == 0.01


@pytest.mark.parametrize(("score", "passed"), [(0.195, True), (0.205, True), (0.18, False), (0.22, False)])
def test_a_difference_beyond_the_tolerance_is_none(score: float, passed: bool, tmp_path: Path) -> None:
    assert prove(lamp(tmp_path, (0.8, 0.2), (0.8, score)), classifier()).passed == passed


def test_a_variant_that_gives_nan_fails(tmp_path: Path) -> None:
    class Broken(Brightness):
        def invoke(self, pixels: NDArray[np.uint8]) -> NDArray[np.generic]:
            return np.full((1, 2), np.nan, np.float32)

    proof = prove(lamp(tmp_path, (0.8, 0.2)), classifier(Broken()))
    assert np.isnan(proof.largest_difference)
    assert not proof.passed


def test_one_nan_among_good_samples_fails(tmp_path: Path) -> None:
    class BrokenOnce(Brightness):
        calls = 0

        def invoke(self, pixels: NDArray[np.uint8]) -> NDArray[np.generic]:
            self.calls += 1
            return np.full((1, 2), np.nan, np.float32) if self.calls == 2 else super().invoke(pixels)

    assert not prove(lamp(tmp_path, *[(0.8, 0.2)] * 3), classifier(BrokenOnce())).passed


@pytest.mark.parametrize("name", ["full_int8.tflite", "float32.tflite", "float32.onnx", "int8.onnx"])
def test_an_exported_variant_is_proved_and_another_models_is_not(name: str, bundle: Bundle) -> None:
    loaded = load_classifier(bundle, name)
    assert prove(bundle, loaded).passed

    class OtherModel:
        """Judges as a model whose labels are in another order would."""

        identity, labels, preprocessing = loaded.identity, loaded.labels, loaded.preprocessing
        threshold = loaded.threshold

        def classify(self, pixels: NDArray[np.uint8]) -> Judgement:
            judgement = loaded.classify(pixels)
            return replace(judgement, scores=np.roll(judgement.scores, 1))

    assert not prove(bundle, OtherModel()).passed


@pytest.mark.parametrize("scores", [(), (1.0,), (0.5, 0.3, 0.2)])
def test_scores_of_another_number_of_labels_prove_nothing(scores: tuple[float, ...], tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"golden/00\.png: no scores of mean\.tflite; export it again"):
        prove(lamp(tmp_path, scores), classifier())


def test_scores_of_another_variant_prove_nothing(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no scores of mean\.tflite"):
        prove(lamp(tmp_path, (0.8, 0.2), name="other.tflite"), classifier())


def test_a_bundle_without_golden_samples_proves_nothing(tmp_path: Path) -> None:
    bare = write_bundle(tmp_path / "bare", manifest(variants=(variant(NAME),)), {f"variants/{NAME}": b""})
    with pytest.raises(BundleError, match=r"bare: no golden/scores\.json, export it again"):
        read_golden(bare)
    with pytest.raises(BundleError, match=r"golden/scores.json: no golden sample in it; export it again"):
        read_golden(lamp(tmp_path))


@pytest.mark.parametrize("path", ["../outside.png", "/etc/hostname", "golden/01.png"])
def test_a_golden_sample_that_is_not_among_the_files_is_refused_by_name(path: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError) as refused:
        read_golden(lamp(tmp_path, (0.8, 0.2), path=path))
    wanted = f"golden/scores.json: '{path}' is not among the bundle's files; export it again"
    assert str(refused.value) == f"{tmp_path / 'lamp'}: {wanted}"
