"""A phase of a training: epochs in which the same layers learn, each kept as it ends."""

import time
from pathlib import Path
from typing import Any

from edge_runtime.commands.table import span
from edge_runtime.console import say
from edge_runtime.files import write_atomically
from edge_runtime.stages.prepared import Prepared
from train.backend import keras
from train.config import TrainConfig
from train.distributed.hosts import Hosts
from train.distributed.parallel import alone
from train.fitting.batches import EVALUATION_BATCH, Batches, fed
from train.fitting.begin import rate_setter, values_of
from train.fitting.checkpoint import HISTORY, write_checkpoint
from train.fitting.divergence import DivergedError
from train.fitting.history import Epoch, is_over, to_csv
from train.fitting.interruption import Interruption
from train.fitting.learner import Learner
from train.fitting.plateau import rate_after
from train.fitting.recorder import Recorder
from train.models.backbone import Phase

LONG = 60.0  # seconds; who waits less needs no word about it


def train_phase(
    learner: Learner,
    batches: Batches,
    prepared: Prepared,
    run: Path,
    config: TrainConfig,
    phase: Phase,
    history: tuple[Epoch, ...],
    hosts: Hosts,
    verbose: int,
    tensorboard: Path | None,
) -> tuple[Epoch, ...]:
    """Trains to the end of a phase, or until patience is exhausted; returns all epochs so far.

    Args:
        learner: Of `train.fitting.begin.learner_for`, for this phase.
        batches: The training pictures.
        prepared: The dataset.
        run: Where the checkpoint and the history go after each epoch.
        config: How to train.
        phase: Which part of the training.
        history: The epochs that are behind it.
        hosts: Who takes part.
        verbose: Keras' own.
        tensorboard: Where TensorBoard's log goes, if anywhere.

    Raises:
        DivergedError: The loss stopped being a number.
        RunError: The disk refused.
    """

    def keep(rows: tuple[Epoch, ...], now: Any) -> None:
        if not hosts.first:
            return
        with alone(hosts):
            write_checkpoint(run, now.plain, rows)
        write_atomically(run / HISTORY, to_csv(rows))

    def begin(epoch: int, logs: dict[str, float] | None = None) -> None:
        if hosts.first and epoch == len(history) + 1:  # the first one of this sitting is over
            tell_what_is_left(recorder.history[-1].seconds, phase.end - epoch)
        batches.start(epoch)
        learner.start(epoch, config.seed)

    validation = prepared.split("validation")

    def over(rows: tuple[Epoch, ...]) -> bool:
        # A last layer that learns alone is on its way to something: what it lacks in patience is no reason to end,
        # there or in the first epochs after it.
        return is_over(rows, phase.end, config.patience if phase.end == config.epochs else phase.end, phase.first)

    recorder = Recorder(history, over, len(validation.labels), keep, time.monotonic)
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_begin=begin), recorder]
    if config.schedule == "plateau":
        ours = values_of(phase, config)
        callbacks.append(rate_setter(learner, lambda: rate_after(recorder.history[phase.first :], ours)))
    if tensorboard is not None and hosts.first:
        callbacks.append(keras.callbacks.TensorBoard(str(tensorboard), write_graph=False))
    several = max(1, EVALUATION_BATCH // batches.share.devices) * batches.share.devices
    with Interruption() as interruption:
        learner.fit(
            fed(batches),
            shuffle=False,  # Keras would shuffle the batches once more, by a state that is lost between two sittings
            validation_data=fed(Batches(validation, several, share=batches.share)),
            initial_epoch=len(history),
            epochs=phase.end,
            callbacks=[*callbacks, interruption],
            verbose=verbose if hosts.first else 0,
        )
    if recorder.diverged is not None:
        epoch, step = recorder.diverged
        raise DivergedError(
            f"{run}: the loss stopped being a number in epoch {epoch}, step {step} of {batches.num_batches}"
            f"{_kept(recorder.history)}"
        )
    return recorder.history


def _kept(history: tuple[Epoch, ...]) -> str:
    return f"; the checkpoint after epoch {len(history)} stays" if history else ""


def tell_what_is_left(seconds: float, epochs: int) -> None:
    """Says how long the epochs that are left may take, unless that is soon over.

    Args:
        seconds: Of an epoch.
        epochs: That are left.
    """
    more = seconds * epochs
    if more >= LONG:
        coarse = 60 * round(more / 60) if more > 10 * LONG else round(more, -1)
        say(f"{epochs} more epochs take about {span(coarse)}, if they do not end early")
