"""The optimizer of a training, and the learning rate over its steps."""

from typing import Any

from train.backend import keras
from train.config import TrainConfig


def compiled(model: Any, config: TrainConfig, steps: int) -> Any:
    """Returns `model`, ready for `fit` on pixels and labels, with an optimizer of its own.

    Args:
        model: Gives a score for each label.
        config: How to train.
        steps: Of the whole training.
    """
    optimizer = keras.optimizers.AdamW if config.weight_decay else keras.optimizers.Adam
    decay = {"weight_decay": config.weight_decay} if config.weight_decay else {}
    return with_optimizer(
        model, optimizer(learning_rate(config, steps), global_clipnorm=config.clip_norm or None, **decay)
    )


def with_optimizer(model: Any, optimizer: Any) -> Any:
    """Returns `model`, which `optimizer` is to train."""
    # Weighted: several hosts fill up the last validation batch with pictures that weigh nothing.
    model.compile(optimizer, "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return model


def learning_rate(config: TrainConfig, steps: int) -> Any:
    """Returns what Keras takes as learning rate: a schedule over `steps`, or a number to be changed between epochs."""
    if config.schedule == "cosine":
        warming = round(steps * config.warmup / config.epochs)
        if not warming:
            return keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
        return keras.optimizers.schedules.CosineDecay(
            0.0, max(1, steps - warming), warmup_target=config.learning_rate, warmup_steps=warming
        )
    return config.learning_rate
