"""A framework takes its devices once a process, so this one is another; its devices are parts of the CPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.stages.prepared import SPLITS, Split, SplitName, write_prepared
from tests.support import ROOT
from train.fitting.spread import sharing

SCRIPT = """
import sys, json
import numpy as np
from train.device import prepare_device
prepare_device("cpu")
from train.backend import engine, keras
cpu = engine.config.list_physical_devices("CPU")[0]
from train.config import TrainConfig
from train.fitting.compiling import compiled
from train.fitting.learner import Learner
from train.fitting.spread import gpus, spread_over
assert gpus() == []
pixels = np.random.default_rng(0).integers(0, 256, (32, 6, 6, 3), dtype=np.uint8)
labels = np.arange(32) % 4
config = TrainConfig(learning_rate=0.01, label_smoothing=0.1)
found = []
devices = [device.name for device in engine.config.list_logical_devices("CPU")]
for taken in ([], devices):
    keras.utils.set_random_seed(0)
    with spread_over(taken)():
        inputs = keras.Input((6, 6, 3))
        x = keras.layers.Rescaling(1 / 255)(inputs)
        plain = keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(keras.layers.Flatten()(x)))
        learner = compiled(Learner(plain, config), config, steps=20)
    history = learner.fit(pixels, labels, batch_size=16, epochs=3, shuffle=False, verbose=0).history["loss"]
    found.append([history, [weight.tolist() for weight in plain.get_weights()]])
print(json.dumps({"devices": len(devices), "found": found}))
"""
TWO_DEVICES = """
import tensorflow
cpu = tensorflow.config.list_physical_devices("CPU")[0]
tensorflow.config.set_logical_device_configuration(cpu, [tensorflow.config.LogicalDeviceConfiguration()] * 2)
"""


def test_two_devices_train_the_model_that_one_trains() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES + SCRIPT], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    given = json.loads(done.stdout.splitlines()[-1])
    assert given["devices"] == 2
    (one_losses, one_weights), (two_losses, two_weights) = given["found"]
    assert max(abs(a - b) for a, b in zip(one_losses, two_losses, strict=True)) < 1e-5
    assert one_losses[-1] < one_losses[0]

    def numbers(values: object) -> list[float]:
        return [n for value in values for n in numbers(value)] if isinstance(values, list) else [float(str(values))]

    assert max(abs(a - b) for a, b in zip(numbers(one_weights), numbers(two_weights), strict=True)) < 1e-4


NETWORK = """
import keras

def build(size, labels):
    layers = [keras.Input((*size, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(6)]
    end = [keras.layers.BatchNormalization(), keras.layers.Dense(labels, activation="softmax")]
    return keras.Sequential([*layers, *end])
"""
WHOLE = """
import sys
from pathlib import Path
from edge_runtime.stages.prepared import open_prepared
from train.config import TrainConfig
from train.device import prepare_device
prepare_device("cpu")
from train.backend import NAME, engine, keras
from train.fitting import spread
from train.fitting.fit import fit
named = [one.name for one in engine.config.list_logical_devices("CPU")] if NAME == "tensorflow" else ["cpu:0", "cpu:1"]
spread.gpus = lambda: named
config = TrainConfig(model="network:build", epochs=2, batch_size=16, patience=2, device="cpu")
done = fit(open_prepared(Path("data")), Path("run"), config, fresh=False, verbose=0, say=print)
at_once = keras.distribution.distribution().num_model_replicas if NAME == "jax" else len(named)
print(at_once, *(row.val_loss for row in done.history))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_last_batch_of_one_picture_leaves_no_device_without_any(tmp_path: Path, backend: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (33, 6, 6, 3), np.uint8)  # 16, 16 and 1
    split = Split(pixels, np.arange(33, dtype=np.int64) % 3)
    splits: dict[SplitName, Split] = dict.fromkeys(SPLITS, split)
    spec = ModelSpec(("a", "b", "c"), PreprocessingSpec((6, 6)))
    write_prepared(tmp_path / "data", name="few", origin="made", grey=False, spec=spec, seed=0, splits=splits)
    (tmp_path / "network.py").write_text(NETWORK)
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": str(ROOT),
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "NPROC": "16",  # threads of XLA: with two, parts of the CPU now and then wait for each other without end
    }
    done = subprocess.run(
        [sys.executable, "-c", (TWO_DEVICES if backend == "tensorflow" else "") + WHOLE],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    devices, *losses = done.stdout.splitlines()[-1].split()
    assert devices == "2"
    assert len(losses) == 2
    assert all(0 < float(loss) < 10 for loss in losses)


def test_as_many_devices_share_a_batch_as_can_evenly() -> None:
    found = [f"GPU:{number}" for number in range(6)]
    assert [len(sharing(batch, found)) for batch in (12, 16, 15, 7)] == [6, 4, 5, 1]
    assert sharing(16, []) == []
