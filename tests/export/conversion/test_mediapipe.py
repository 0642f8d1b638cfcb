"""The exported `.tflite` files, as they are, in MediaPipe Tasks' ImageClassifier: what phones load them with."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import load_classifier
from edge_runtime.stages.prepared import Prepared
from export.conversion.recipes import RECIPES
from tests.support import ROOT
from tools.benchmarks.beside_mediapipe import MEDIAPIPE, environment

pytestmark = pytest.mark.system

CLASSIFY = """
import json, sys
import mediapipe
from mediapipe.tasks.python import BaseOptions, vision
model, *pictures = sys.argv[1:]
options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=model))
with vision.ImageClassifier.create_from_options(options) as classifier:
    for picture in pictures:
        found = classifier.classify(mediapipe.Image.create_from_file(picture)).classifications[0].categories
        print(json.dumps({category.category_name: category.score for category in found}))
"""


@pytest.fixture(scope="module")
def mediapipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return environment(tmp_path_factory.mktemp("mediapipe"), MEDIAPIPE)


@pytest.mark.parametrize("name", [recipe.name for recipe in RECIPES if recipe.format == "tflite"])
def test_mediapipe_gives_our_labels_and_scores(
    name: str, bundle: Bundle, prepared: Prepared, mediapipe: Path, tmp_path: Path
) -> None:
    pictures = np.asarray(prepared.split("test").pixels[:40])
    paths = [tmp_path / f"{number}.png" for number in range(len(pictures))]
    for path, pixels in zip(paths, pictures, strict=True):
        Image.fromarray(pixels).save(path)
    model = bundle.file(f"variants/{name}")
    done = subprocess.run(
        [mediapipe, "-c", CLASSIFY, model, *paths], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    classifier = load_classifier(bundle, name, threads=1)
    assert len(theirs) == len(pictures)
    for pixels, found in zip(pictures, theirs, strict=True):
        ours = dict(zip(classifier.labels, classifier.classify(pixels).scores, strict=True))
        assert set(found) == set(ours)
        # An 8-bit softmax: the kit divides by the sum, which is up to 0.02 from one; a dynamic file quantises each
        # picture's activations by its own threads' order of sums.
        assert max(abs(found[label] - ours[label]) for label in ours) < (0.03 if "int8" in name else 1e-4)
