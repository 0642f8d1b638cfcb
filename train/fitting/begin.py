"""The model as a training begins or goes on with it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.stages.prepared import Prepared
from train.backend import keras
from train.config import TrainConfig
from train.fitting.checkpoint import read_checkpoint
from train.fitting.compiling import compiled, with_optimizer
from train.fitting.earlier import load_teacher, take_over
from train.fitting.history import Epoch
from train.fitting.learner import Learner, balanced
from train.fitting.precision import computing_in
from train.models.backbone import Phase, enter
from train.models.build import build_model


def model_for(
    prepared: Prepared, run: Path | None, config: TrainConfig, say: Callable[[str], None]
) -> tuple[Any, tuple[Epoch, ...]]:
    """Returns the plain model that is to be trained, and the epochs that are behind it.

    Args:
        prepared: The dataset.
        run: The run directory; a checkpoint in it is gone on with, its optimizer with it. None to begin anew.
        config: How to train.
        say: Where to put a line for the person who watches.

    Raises:
        RunError: A checkpoint is damaged, or the run to start from does not fit.
        UsageError: A network or its weights cannot be had.
    """
    spec = prepared.record.spec
    with computing_in(config.precision):
        resumed = None if run is None else read_checkpoint(run)
        if resumed is not None:
            say(f"continuing after epoch {len(resumed[1])} of at most {config.epochs}")
            return resumed
        plain = build_model(
            config, spec.preprocessing.size, len(spec.labels), prepared.record.grey, bare=bool(config.start)
        )
        if config.start:
            _told(take_over(plain, spec.labels, Path(config.start)), config.start, say)
        return plain, ()


def teacher_for(config: TrainConfig, prepared: Prepared) -> Any | None:
    """Returns the model whose scores are learned beside the labels, or None.

    Raises:
        RunError: The run to learn from does not fit.
    """
    if not config.teacher:
        return None
    with computing_in("float32"):
        return load_teacher(Path(config.teacher), prepared.record.spec)


def learner_for(
    plain: Any, teacher: Any | None, prepared: Prepared, config: TrainConfig, phase: Phase, steps: int, *, anew: bool
) -> Learner:
    """Returns what trains `plain` in a phase, ready for `fit`.

    Args:
        plain: Of `model_for`.
        teacher: Of `teacher_for`.
        prepared: The dataset.
        config: How to train, for the whole of the training.
        phase: Which part of it.
        steps: Of an epoch.
        anew: Whether the phase begins now, and not in an earlier sitting.
    """
    with computing_in(config.precision):
        if anew:
            enter(plain, phase)
            ours = values_of(phase, config)
            compiled(plain, ours, ours.epochs * steps)
        weights = None
        if config.class_weights:
            counts = np.bincount(prepared.split("train").labels, minlength=len(prepared.record.spec.labels))
            weights = balanced(counts)
        learner = Learner(plain, config, weights, teacher)
        with_optimizer(learner, plain.optimizer)
    return learner


def values_of(phase: Phase, config: TrainConfig) -> TrainConfig:
    """Returns the configuration of a phase alone: its epochs and learning rate; only the first one warms up."""
    epochs = phase.end - phase.first
    warmup = config.warmup if phase.first == 0 else 0.0
    return replace(config, epochs=epochs, learning_rate=config.learning_rate * phase.rate, warmup=warmup)


def _told(changed: tuple[tuple[str, ...], tuple[str, ...]], start: str, say: Callable[[str], None]) -> None:
    added, gone = (", ".join(labels) for labels in changed)
    say(
        f"starts from {start}"
        + (f"; new labels: {added}" if added else "")
        + (f"; no longer there: {gone}" if gone else "")
    )


def rate_setter(learner: Learner, rate: Callable[[], float]) -> Any:
    """Returns a callback that sets the learning rate as an epoch begins."""

    def set_rate(epoch: int, logs: dict[str, float] | None = None) -> None:
        learner.optimizer.learning_rate = rate()

    return keras.callbacks.LambdaCallback(on_epoch_begin=set_rate)
