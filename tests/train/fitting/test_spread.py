"""TensorFlow takes its devices once a process, so this one is another."""

import json
import subprocess
import sys

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
    with spread_over(taken):
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
