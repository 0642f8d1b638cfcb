"""How fast a small network learns: the kit's way, or as the tutorials of Keras write it.

    python -m tools.benchmarks.training_clock kit|tutorial DATA ACCURACY

Trains the tutorials' network (flatten, 128, one score a label) on a prepared Fashion-MNIST until it labels so many of
the test pictures rightly, and prints the seconds, the epochs and what was reached. Judging is not counted.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.stages.prepared import Prepared, open_prepared
from train.config import sized_for
from train.device import prepare_device

MOST_EPOCHS = 30


def tutorial(prepared: Prepared, judged: Callable[[Any, float], bool]) -> None:
    """https://www.tensorflow.org/tutorials/keras/classification: grey pixels 0 to 1, Adam, batches of 32."""
    from train.backend import keras

    # As Keras gives them: grey, and what we keep for validation is to be trained on too.
    parts = [prepared.split(name) for name in ("train", "validation")]
    pixels = np.concatenate([part.pixels[..., 0] for part in parts]) / 255.0
    labels = np.concatenate([part.labels for part in parts])
    model = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(128, activation="relu"), keras.layers.Dense(10)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    clock = _Clock(lambda: judged(lambda shown: model(shown[..., 0] / 255.0), clock.seconds))
    model.fit(pixels, labels, epochs=MOST_EPOCHS, callbacks=[clock.callback()], verbose=0)


def kit(prepared: Prepared, judged: Callable[[Any, float], bool]) -> None:
    """As `python -m train fit --model mlp` does with its defaults, without validation and checkpoints."""
    from train.backend import keras
    from train.fitting.batches import Batches, fed
    from train.fitting.begin import learner_for
    from train.models.backbone import phases
    from train.models.build import build_model

    config = sized_for(prepared.record.counts["train"], "mlp")
    batches = Batches(prepared.split("train"), config.batch_size, config.seed)
    keras.utils.set_random_seed(config.seed)
    spec = prepared.record.spec
    plain = build_model(config, spec.preprocessing.size, len(spec.labels), prepared.record.grey)
    learner = learner_for(plain, None, prepared, config, phases(config)[0], batches.num_batches, anew=True)
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.start(epoch))
    clock = _Clock(lambda: judged(learner.plain, clock.seconds))
    learner.fit(fed(batches), shuffle=False, epochs=config.epochs, callbacks=[order, clock.callback()], verbose=0)


class _Clock:
    """Counts the seconds of epochs, and ends a training when `over` says so."""

    def __init__(self, over: Callable[[], bool]) -> None:
        self.seconds = 0.0
        self._over, self._began = over, 0.0

    def callback(self) -> Any:
        from train.backend import keras

        made = keras.callbacks.Callback()
        made.on_train_begin = lambda logs=None: self._start()
        made.on_epoch_end = lambda epoch, logs=None: self._pause(made)
        return made

    def _start(self) -> None:
        self._began = time.perf_counter()

    def _pause(self, callback: Any) -> None:
        self.seconds += time.perf_counter() - self._began
        callback.model.stop_training = self._over()
        self._start()


def main() -> None:
    """Trains, and prints what `Found` of tools.benchmarks.training reads."""
    way, data, wanted = {"kit": kit, "tutorial": tutorial}[sys.argv[1]], Path(sys.argv[2]), float(sys.argv[3])
    with contextlib.redirect_stdout(sys.stderr):
        prepare_device("cpu")
        prepared = open_prepared(data)
        test = prepared.split("test")
        shown = test.pixels.astype(np.float32)
        accuracies: list[float] = []
        seconds = 0.0

        def judged(model: Any, so_far: float) -> bool:
            nonlocal seconds
            seconds = so_far
            accuracies.append(float((np.asarray(model(shown)).argmax(axis=1) == test.labels).mean()))
            return accuracies[-1] >= wanted

        way(prepared, judged)
    print(json.dumps({"seconds": seconds, "epochs": len(accuracies), "accuracy": accuracies[-1]}))


if __name__ == "__main__":
    main()
