"""Trains a model on a prepared dataset and leaves a run directory, in as many sittings as it takes."""

import math
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_runtime.bundle.manifest import digest
from edge_runtime.errors import RunError
from edge_runtime.files import write_atomically
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared
from train.checkpoint import BEST, CHECKPOINT, HISTORY, read_checkpoint, remove_leftovers, write_checkpoint
from train.config import TrainConfig
from train.device import prepare_device
from train.history import Epoch, is_over, read_history, remember, to_csv
from train.started import CURVES, check_owner, claim, held, start_over
from train.versions import versions

Say = Callable[[str], None]
FEW_STEPS = 200  # with 2,000 pictures of Fashion-MNIST 189 steps of 32 gave 0.82; a few dozen leave BatchNorm unsettled


@dataclass(frozen=True)
class Fitted:
    """What came of `fit`.

    Attributes:
        run: The finished run.
        history: Its epochs.
        fresh: Whether anything was trained now.
    """

    run: stage.Run
    history: tuple[Epoch, ...]
    fresh: bool


def fit(prepared: Prepared, run: Path, config: TrainConfig, *, fresh: bool, verbose: int, say: Say) -> Fitted:
    """Trains, or goes on training, or finds that all is done; TensorFlow is imported only when there is work for it.

    Args:
        prepared: The dataset.
        run: The run directory.
        config: How to train.
        fresh: Whether what is in `run` is removed first.
        verbose: Keras' own: 1 for a progress bar, 2 for a line an epoch, 0 for silence.
        say: Where to put a line for the person who watches.

    Raises:
        RunError: `run` belongs to another configuration or dataset, is in use, or training diverged.
        EdgeError: The device is not there.
        DatasetError: The dataset is damaged.
    """
    if fresh:
        start_over(run)
    check_owner(run, config, prepared)
    if (run / stage.RECORD).is_file():
        return Fitted(stage.open_run(run), read_history(run / HISTORY), fresh=False)
    device = prepare_device(config.device)
    try:
        claim(run, config, prepared)
        with held(run):
            remove_leftovers(run)
            history = _train(prepared, run, config, device, verbose, say)
            _finish(prepared, run, history, device)
    except OSError as error:
        raise RunError(f"{error.filename or run}: cannot be written: {error.strerror or error}") from error
    return Fitted(stage.open_run(run), history, fresh=True)


def _train(
    prepared: Prepared, run: Path, config: TrainConfig, device: str, verbose: int, say: Say
) -> tuple[Epoch, ...]:
    from train.backend import keras
    from train.batches import EVALUATION_BATCH, Batches
    from train.models import build_model
    from train.recorder import Recorder

    record = prepared.record
    training, validation = prepared.split("train"), prepared.split("validation")
    keras.utils.set_random_seed(config.seed)
    steps = config.epochs * math.ceil(len(training.labels) / config.batch_size)
    resumed = read_checkpoint(run)
    if resumed is None:
        model = build_model(config, record.spec.preprocessing.size, len(record.spec.labels), record.grey, steps)
        history: tuple[Epoch, ...] = ()
    else:
        model, history = resumed
        say(f"continuing after epoch {len(history)} of at most {config.epochs}")
    if is_over(history, config.epochs, config.patience):
        return history  # killed between the last epoch and the end
    say(
        f"{config.model}: {model.count_params():,} parameters; {record.name}: {len(training.labels):,} pictures to "
        f"train on, {len(validation.labels):,} to validate; at most {config.epochs} epochs on {device}"
    )
    if steps < FEW_STEPS:
        say(f"note: {steps} steps are few: raise --epochs, lower --batch-size, or leave both out")

    def keep(rows: tuple[Epoch, ...], now: Any) -> None:
        write_checkpoint(run, now, rows)
        write_atomically(run / HISTORY, to_csv(rows))

    recorder = Recorder(history, config.epochs, config.patience, config.seed, keep, time.monotonic)
    batches = Batches(training, config.batch_size, config.seed, flip=config.flip)
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.start(epoch))
    model.fit(
        batches,
        shuffle=False,  # Keras would shuffle the batches once more, by a state that is lost between two sittings
        validation_data=Batches(validation, EVALUATION_BATCH),
        initial_epoch=len(history),
        epochs=config.epochs,
        callbacks=[keras.callbacks.TerminateOnNaN(), order, recorder],
        verbose=verbose,
    )
    if recorder.diverged is not None:
        raise RunError(
            f"{run}: the loss stopped being a number in epoch {recorder.diverged}; "
            f"lower --learning-rate (it was {config.learning_rate}) and start over with --fresh"
        )
    return recorder.history


def _finish(prepared: Prepared, run: Path, history: tuple[Epoch, ...], device: str) -> None:
    from train.plots import learning_curves

    content = (run / CHECKPOINT / BEST).read_bytes()
    write_atomically(run / stage.MODEL, content)
    stage.write_spec(run, prepared.record.spec)
    write_atomically(run / HISTORY, to_csv(history))
    write_atomically(run / CURVES, learning_curves(history, remember(history).best_epoch))
    record = stage.RunRecord(
        schema_version=stage.SCHEMA_VERSION,
        created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        data=str(prepared.directory.resolve()),
        dataset=prepared.record.name,
        dataset_digest=prepared.digest,
        model=digest(content),
        versions=versions(),
        device=device,
    )
    stage.write_record(run, record)
    shutil.rmtree(run / CHECKPOINT, ignore_errors=True)
