"""A small network with all that a converter treats in its own way, trained for seconds on real pictures."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import SPLITS, Prepared, Split, SplitName, write_prepared
from train.backend import keras
from train.config import TrainConfig
from train.fitting.batches import Batches
from train.fitting.record import record_of
from train.fitting.started import claim

COUNTS: dict[SplitName, int] = {"train": 800, "validation": 300, "test": 300}


@pytest.fixture(autouse=True, scope="module")
def _environment() -> Iterator[None]:
    """Takes back what training on the CPU hides from the processes that later tests start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "-1")
        yield


@pytest.fixture(scope="session")
def few(small: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Some hundred pictures of Fashion-MNIST."""
    record = small.record
    parts = {name: small.split(name) for name in SPLITS}
    return write_prepared(
        tmp_path_factory.mktemp("prepared") / "few",
        name=record.name,
        origin=record.origin,
        grey=record.grey,
        spec=record.spec,
        seed=record.seed,
        splits={name: Split(part.pixels[: COUNTS[name]], part.labels[: COUNTS[name]]) for name, part in parts.items()},
    )


def residual() -> Any:
    """Grey conversion, Conv2D, DepthwiseConv2D, Add, pooling, Dense; BatchNorm where it folds and where it does not."""
    layers = keras.layers
    pixels = keras.Input((28, 28, 3), name="pixels")
    x = layers.Rescaling(1 / 255)(keras.ops.image.rgb_to_grayscale(pixels))
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(x)
    x = shortcut = layers.ReLU()(layers.BatchNormalization(momentum=0.8)(x))
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    x = layers.ReLU(max_value=6)(layers.BatchNormalization(momentum=0.8)(x))
    x = layers.Conv2D(8, 1)(x)
    x = layers.ReLU()(layers.Add()([layers.BatchNormalization(momentum=0.8)(x), shortcut]))
    x = layers.BatchNormalization(momentum=0.8)(layers.MaxPooling2D()(x))  # behind no convolution: it cannot be folded
    x = layers.SeparableConv2D(16, 3, activation="relu", depth_multiplier=2)(x)
    x = layers.Dropout(0.1)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(pixels, layers.Dense(10, activation="softmax", name="scores")(x), name="residual")


@pytest.fixture(scope="session")
def trained(few: Prepared) -> Any:
    """That network after a few epochs; not to be changed."""
    keras.utils.set_random_seed(0)
    model = residual()
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(Batches(few.split("train"), 32, 0), epochs=5, verbose=0)
    return keras.Model(model.input, model.output, name=model.name)


@pytest.fixture(scope="session")
def run(trained: Any, few: Prepared, tmp_path_factory: pytest.TempPathFactory) -> stage.Run:
    """It as a finished run."""
    directory: Path = tmp_path_factory.mktemp("runs") / "few"
    claim(directory, TrainConfig(epochs=5, batch_size=32, learning_rate=0.01, device="cpu"), few)
    trained.save(directory / stage.MODEL)
    stage.write_spec(directory, few.record.spec)
    content = (directory / stage.MODEL).read_bytes()
    stage.write_record(directory, record_of(few, content, "cpu", TrainConfig()))
    return stage.open_run(directory)


@pytest.fixture(scope="session")
def pixels(few: Prepared) -> Any:
    """The validation pictures as a model takes them."""
    return np.asarray(few.split("validation").pixels, np.float32)
