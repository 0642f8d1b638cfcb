"""What of a backbone learns when: at first the new last layer alone, then the rest with small steps.

Keras takes what is trainable into account when a model is compiled, so every phase is compiled anew, with an optimizer
of its own. A phase is a function of configuration and epoch: a training that is resumed enters the same one.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

from edge_runtime.errors import UsageError
from train.config import TrainConfig
from train.models.registry import RANDOM, is_backbone

Learning = Literal["all", "head", "tuned"]
FROZEN = 1 / 3  # of all epochs
FINE_TUNING = 0.1  # of the learning rate: steps that suit a new layer would spoil what the others know


@dataclass(frozen=True)
class Phase:
    """Epochs in which the same layers learn.

    Attributes:
        first: Its first epoch, counted from 0.
        end: The epoch after its last one.
        learning: `head`: the last layer; `tuned`: everything but BatchNorm, whose statistics of far more pictures stay;
            `all`: everything.
        rate: Times the configuration's learning rate.
    """

    first: int
    end: int
    learning: Learning
    rate: float


def phases(config: TrainConfig) -> tuple[Phase, ...]:
    """Returns the phases of a training, in order; together they are its epochs."""
    if not is_backbone(config.model) or config.weights == RANDOM:
        return (Phase(0, config.epochs, "all", 1.0),)
    # A run to start from has a last layer that knows its labels.
    usual = 0 if config.start else math.ceil(config.epochs * FROZEN)
    frozen = min(usual if config.freeze_epochs < 0 else config.freeze_epochs, config.epochs)
    found = (Phase(0, frozen, "head", 1.0), Phase(frozen, config.epochs, "tuned", FINE_TUNING))
    return tuple(phase for phase in found if phase.first < phase.end)


def check_warmup(config: TrainConfig) -> None:
    """Makes sure that the rate has risen before the last layer alone has learned.

    Raises:
        UsageError: It has not.
    """
    first = phases(config)[0]
    if config.warmup >= first.end:
        raise UsageError(
            f"--warmup {config.warmup:g}: the last layer alone learns in the first {first.end} of the epochs; "
            "warm up in fewer, or raise --freeze-epochs"
        )


def enter(model: Any, phase: Phase) -> None:
    """Sets what is trainable; to be called before the model is compiled for `phase`.

    A BatchNorm that is not trainable uses its statistics, in training as well, and does not change them.

    Args:
        model: As `build_model` returns it, or as it was saved in the middle of a phase.
        phase: What begins.
    """
    from train.backend import keras
    from train.models.build import HEAD

    for layer in model.layers:
        if phase.learning == "head":
            layer.trainable = layer.name == HEAD
        else:
            layer.trainable = phase.learning == "all" or not isinstance(layer, keras.layers.BatchNormalization)
