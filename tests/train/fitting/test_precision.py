import numpy as np
import pytest

from train.backend import keras
from train.config import PrecisionName, TrainConfig
from train.fitting.precision import computing_in, in_float32
from train.models.build import build_model


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_what_was_trained_in_16_bits_is_kept_in_32(precision: PrecisionName) -> None:
    with computing_in(precision):
        model = build_model(TrainConfig(), (12, 12), labels=3, grey=True)
    assert {layer.compute_dtype for layer in model.layers if layer.weights} == {precision.removeprefix("mixed_")}
    kept = in_float32(model)
    assert {layer.compute_dtype for layer in kept.layers if hasattr(layer, "compute_dtype")} == {"float32"}
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), kept.get_weights(), strict=True))
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 12, 3)).astype(np.float32)
    # bfloat16 has 8 bits of precision: scores around a third move by some thousandths.
    assert np.abs(np.asarray(kept(pixels)) - np.asarray(model(pixels), np.float32)).max() < 0.03


def test_a_float32_model_is_kept_as_it_is_and_the_policy_is_as_before() -> None:
    with computing_in("float32"):
        model = build_model(TrainConfig(), (12, 12), labels=3, grey=False)
    assert in_float32(model) is model
    assert keras.config.dtype_policy().name == "float32"
