"""Trains a finished run a little further with int8 simulated, and leaves another run directory."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import FieldError, RunError, UsageError
from edge_runtime.files import directory_replaced, write_atomically
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared, Split
from train.config import TrainConfig, sized_for
from train.device import prepare_device
from train.fitting.checkpoint import HISTORY
from train.fitting.history import Epoch, is_over, to_csv
from train.fitting.record import record_of
from train.fitting.started import CURVES, STARTED, begun_with, claim

Say = Callable[[str], None]
LEARNING_RATE = 0.0001  # an epoch later 0.996 of the labels are float32's still; with 0.0005 0.992
STEPS, MOST_EPOCHS = 400, 10  # 54,000 pictures: 1 epoch of 422 steps
KEPT = ("model", "width", "batch_size", "seed", "flip", "dropout", "patience")  # of the run's values
MEASURED = 300  # pictures that set the ranges, as many as calibrate at export


def values_for(run: stage.Run, pictures: int, given: dict[str, Any]) -> TrainConfig:
    """Returns how to fine-tune: with what of the run's own values it goes by, only shorter and in smaller steps.

    Args:
        run: The finished run.
        pictures: To train on.
        given: Values by field name that were asked for.

    Raises:
        UsageError: One of them makes no sense.
    """
    base = begun_with(run.directory) or sized_for(pictures)
    epochs = min(MOST_EPOCHS, max(1, math.ceil(STEPS / math.ceil(pictures / base.batch_size))))
    kept = {name: getattr(base, name) for name in KEPT}
    try:
        return TrainConfig(**{**kept, "epochs": epochs, "learning_rate": LEARNING_RATE, **given})
    except FieldError as error:
        raise UsageError(str(error)) from error


def existing(target: Path, source: stage.Run, config: TrainConfig, *, fresh: bool) -> stage.FineTuned | None:
    """Returns what is in `target` if it is just what is wanted; None where it is to be made.

    Raises:
        RunError: There is something else.
    """
    if not target.exists():
        return None
    advice = "choose another place with --run"
    if target.resolve() == source.directory.resolve():
        raise RunError(f"{target}: is the run to fine-tune; {advice}")
    if not target.is_dir() or not (target / STARTED).is_file():
        raise RunError(f"{target}: exists and is not a run directory; {advice}")
    found = stage.open_run(target).record.fine_tuned
    if found is None:
        raise RunError(f"{target}: exists and was trained from nothing, not fine-tuned; {advice}")
    if fresh:
        return None
    if found.model != source.record.model or begun_with(target) != config:
        raise RunError(
            f"{target}: was fine-tuned of another run or with other values; {advice}, or replace it (--fresh)"
        )
    return found


def fine_tune(
    source: stage.Run, prepared: Prepared, target: Path, config: TrainConfig, *, verbose: int, say: Say
) -> stage.FineTuned:
    """Fine-tunes `source` and writes `target`, whole or not at all.

    Of the epochs the one with the best validation accuracy in simulated int8 is kept, and none where the model as it
    was is as good. ``model.keras`` is of plain Keras layers, its kernels rounded to the integers of int8.

    Args:
        source: The finished run; it stays as it is.
        prepared: Its dataset.
        target: The run directory to write, which `existing` found free.
        config: How.
        verbose: Keras' own.
        say: Where to put a line for the person who watches.

    Raises:
        RunError: The model cannot be loaded, a layer is not known, training diverged, or the disk refused.
        EdgeError: The device is not there.
        DatasetError: The dataset is damaged.
    """
    device = prepare_device(config.device)
    from train.backend import keras
    from train.fitting.curves import learning_curves
    from train.models.description import describe
    from train.quantisation.folding import folded

    training, validation = prepared.split("train"), prepared.split("validation")
    keras.utils.set_random_seed(config.seed)
    try:
        model = _loaded(source)
        plain, teacher = folded(model), folded(model)
    except RunError as error:
        raise RunError(f"{source.model}: {error}") from error
    history, result, weights = _tuned(plain, teacher, training, validation, config, source, verbose, say)
    plain.set_weights(weights)
    try:
        with directory_replaced(target) as made:
            plain.save(made / stage.MODEL)
            stage.write_spec(made, source.spec)
            claim(made, config, prepared)
            write_atomically(made / HISTORY, to_csv(history))
            write_atomically(made / CURVES, learning_curves(history, result.epoch))
            describe(made, plain)
            content = (made / stage.MODEL).read_bytes()
            stage.write_record(made, record_of(prepared, content, device, config, result))
    except OSError as error:
        raise RunError(f"{target}: cannot be written: {error.strerror or error}") from error
    return result


def _loaded(source: stage.Run) -> Any:
    from train.backend import keras

    if source.model.is_dir():
        raise RunError("is a SavedModel; quantisation-aware training needs the layers of a Keras file")
    try:
        return keras.models.load_model(source.model, compile=False)
    except Exception as error:  # Keras lets zipfile's, h5py's and its own errors through
        raise RunError(f"cannot be loaded: {error}; train again") from error


def _tuned(
    plain: Any,
    teacher: Any,
    training: Split,
    validation: Split,
    config: TrainConfig,
    source: stage.Run,
    verbose: int,
    say: Say,
) -> tuple[tuple[Epoch, ...], stage.FineTuned, list[NDArray[np.float32]]]:
    """Returns the epochs, what came of them and the weights to keep."""
    from train.backend import keras
    from train.fitting.batches import EVALUATION_BATCH, Batches
    from train.fitting.interruption import Interruption
    from train.quantisation.learner import Learner
    from train.quantisation.simulation import simulate

    simulation = simulate(plain)
    learner = Learner(simulation.model, teacher)
    batches = Batches(training, config.batch_size, config.seed, flip=config.flip)
    judged = Batches(validation, EVALUATION_BATCH)
    shown = np.sort(np.random.default_rng(config.seed).permutation(len(training.labels))[:MEASURED])
    calibrating = training.pixels[shown]
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, config.epochs * batches.num_batches)
    learner.compile(keras.optimizers.Adam(schedule), weighted_metrics=["accuracy"])
    for model in (simulation.model, teacher):
        model.compile(loss="sparse_categorical_crossentropy", weighted_metrics=["accuracy"])

    def judge(model: Any) -> tuple[float, float]:
        values = model.evaluate(judged, callbacks=[interruption], verbose=0, return_dict=True)
        return float(values["accuracy"]), float(values["loss"])

    history: tuple[Epoch, ...] = ()
    with Interruption() as interruption:
        float32, _ = judge(teacher)
        simulation.measure(calibrating)
        before, loss = judge(simulation.model)
        say(f"{source.directory}: validation accuracy in float32 {float32:.4f}, in simulated int8 {before:.4f}")
        result = stage.FineTuned(
            "quantisation-aware", str(source.directory.resolve()), source.record.model, float32, before, before, 0
        )
        weights, best = plain.get_weights(), (before, -loss)
        while not is_over(history, config.epochs, config.patience):
            epoch, began = len(history), time.monotonic()
            batches.start(epoch)
            logs = learner.fit(
                batches,
                shuffle=False,  # `batches` does
                initial_epoch=epoch,
                epochs=epoch + 1,
                callbacks=[keras.callbacks.TerminateOnNaN(), interruption],
                verbose=verbose,
            ).history
            simulation.measure(calibrating)
            accuracy, loss = judge(simulation.model)
            row = Epoch(
                epoch=epoch + 1,
                loss=float(logs["loss"][-1]),
                accuracy=float(logs["accuracy"][-1]),
                val_loss=loss,
                val_accuracy=accuracy,
                learning_rate=float(keras.ops.convert_to_numpy(learner.optimizer.learning_rate)),
                seconds=round(time.monotonic() - began, 3),
            )
            if not all(map(math.isfinite, (row.loss, row.val_loss))):
                raise RunError(
                    f"{source.directory}: the loss stopped being a number in epoch {row.epoch}; "
                    f"lower --learning-rate (it was {config.learning_rate})"
                )
            history += (row,)
            say(f"epoch {row.epoch} of at most {config.epochs}: simulated int8 {accuracy:.4f}")
            # Strictly more right answers, or as many and a lower loss: rounding alone is no reason for another model.
            if (accuracy, -loss) > best:
                weights, best = simulation.rounded_weights(), (accuracy, -loss)
                result = replace(result, after=accuracy, epoch=row.epoch)
    return history, result, weights
