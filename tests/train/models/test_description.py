import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from train.backend import keras
from train.config import TrainConfig
from train.models.build import build_model
from train.models.description import describe
from train.models.names import ARCHITECTURE, DESCRIBED, DIAGRAM, SUMMARY, WEIGHTS

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype(np.float32)


def test_architecture_and_weights_make_the_model_again(tmp_path: Path) -> None:
    model = build_model(TrainConfig(model="resnet8"), (16, 16), labels=3, grey=True)
    describe(tmp_path, model)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(DESCRIBED)
    again = keras.models.model_from_json((tmp_path / ARCHITECTURE).read_text())
    again.load_weights(tmp_path / WEIGHTS)
    assert np.array_equal(again.predict(PIXELS, verbose=0), model.predict(PIXELS, verbose=0))


def test_the_summary_has_every_layers_parameters_whatever_the_terminals_width(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_model(TrainConfig(model="resnet8"), (16, 16), labels=3, grey=True)
    written = set()
    for width in ("40", "200"):
        monkeypatch.setenv("COLUMNS", width)
        describe(tmp_path, model)
        written.add((tmp_path / SUMMARY).read_text())
    (text,) = written
    assert "Param #" in text
    assert "36,864" in text, "of the last 3 × 3 convolution"
    assert "multiply-accumulates" in text


def test_the_same_model_is_described_by_the_same_bytes(tmp_path: Path) -> None:
    model = build_model(TrainConfig(model="mlp"), (16, 16), labels=3, grey=True)
    for name in ("one", "other"):
        describe(tmp_path / name, model)
    for name in DESCRIBED:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes(), name


@pytest.mark.parametrize("model", ["cnn", "mobilenet_v2"])
def test_the_diagram_has_a_row_for_each_layer(model: str, tmp_path: Path) -> None:
    weights = "none" if model == "mobilenet_v2" else ""
    built = build_model(TrainConfig(model=model, weights=weights), (32, 32), labels=3, grey=False)
    describe(tmp_path, built)
    image = Image.open(io.BytesIO((tmp_path / DIAGRAM).read_bytes()))
    assert image.height == pytest.approx(36 * (len(built.operations) + 2), abs=2)


def test_a_model_around_another_and_a_sequential_one_are_described_too(tmp_path: Path) -> None:
    inner = build_model(TrainConfig(model="mlp"), (16, 16), labels=3, grey=False)
    pixels = keras.Input((16, 16, 3))
    describe(tmp_path / "around", keras.Model(pixels, inner(pixels)))
    layers = [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    describe(tmp_path / "sequential", keras.Sequential(layers))
