from pathlib import Path
from typing import Any

import numpy as np
import pytest

from train.backend import keras
from train.quantisation import graph
from train.quantisation.folding import folded

layers = keras.layers


def kinds(model: Any) -> list[str]:
    return [graph.kind(operation) for operation in model.operations]


def test_a_folded_model_computes_what_the_model_computes(trained: Any, pixels: Any) -> None:
    plain = folded(trained)
    assert np.abs(plain.predict(pixels, verbose=0) - trained.predict(pixels, verbose=0)).max() < 1e-4
    assert kinds(trained).count("BatchNormalization") == 4
    assert kinds(plain).count("BatchNormalization") == 1, "the one behind the pooling stays"


def test_only_plain_layers_are_left_and_the_file_loads_anywhere(trained: Any, pixels: Any, tmp_path: Path) -> None:
    plain = folded(trained)
    plain.save(tmp_path / "x.keras")
    loaded = keras.models.load_model(tmp_path / "x.keras", compile=False, safe_mode=True)
    assert all(type(operation).__module__.startswith("keras.") for operation in loaded.operations)
    assert np.array_equal(loaded.predict(pixels, verbose=0), plain.predict(pixels, verbose=0))


def test_the_original_keeps_its_weights(trained: Any) -> None:
    before = trained.get_weights()
    plain = folded(trained)
    plain.set_weights([value + 1 for value in plain.get_weights()])
    assert all(np.array_equal(a, b) for a, b in zip(before, trained.get_weights(), strict=True))


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize(
    "layer",
    [
        lambda: layers.Conv2D(6, 3, groups=3, strides=2),
        lambda: layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False),
        lambda: layers.SeparableConv2D(6, 3, depth_multiplier=3, dilation_rate=2, padding="same"),
        lambda: layers.Dense(6, use_bias=False),
    ],
)
def test_batchnorm_folds_into_every_weighted_layer(layer: Any, scale: bool) -> None:
    generator = np.random.default_rng(0)
    pixels = keras.Input((8, 8, 3), name="pixels")
    norm = layers.BatchNormalization(scale=scale, center=scale)
    model = keras.Model(pixels, norm(layer()(pixels)))
    model.set_weights([generator.uniform(0.3, 2, value.shape) for value in model.get_weights()])
    plain = folded(model)
    assert "BatchNormalization" not in kinds(plain)
    values = generator.random((4, 8, 8, 3), np.float32)
    assert np.asarray(plain(values)) == pytest.approx(np.asarray(model(values)), rel=1e-4, abs=1e-4)


def test_batchnorm_stays_where_another_layer_takes_the_convolution_too() -> None:
    pixels = keras.Input((8, 8, 3), name="pixels")
    x = layers.Conv2D(3, 1)(pixels)
    model = keras.Model(pixels, layers.Add()([layers.BatchNormalization()(x), x]))
    plain = folded(model)
    assert kinds(plain).count("BatchNormalization") == 1
    values = np.random.default_rng(0).random((4, 8, 8, 3), np.float32)
    assert np.asarray(plain(values)) == pytest.approx(np.asarray(model(values)), abs=1e-5)


def test_a_model_in_an_imported_one_trains_as_it_did_alone() -> None:
    """`python -m export import` calls it with training=False, which would keep its dropout from training."""
    inner_pixels = keras.Input((8, 8, 3))
    inner = keras.Model(inner_pixels, layers.Dropout(0.9, seed=1)(layers.Flatten()(inner_pixels)))
    pixels = keras.Input((8, 8, 3), name="pixels")
    plain = folded(keras.Model(pixels, inner(pixels, training=False)))
    values = np.ones((2, 8, 8, 3), np.float32)
    assert np.asarray(plain(values)).min() == 1
    assert np.asarray(plain(values, training=True)).min() == 0
