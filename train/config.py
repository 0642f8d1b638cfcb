"""Everything that decides how a model is trained, as one value."""

import dataclasses
import json
import math
import tomllib
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge_runtime.bundle import fields
from edge_runtime.errors import FieldError, UsageError

ModelName = Literal["cnn", "resnet8"]
DeviceName = Literal["gpu", "cpu"]
LEAST_BATCH, MOST_BATCH = 16, 128
WANTED_STEPS, MOST_EPOCHS = 2500, 40  # 54,000 pictures: 6 epochs of 422 steps


@dataclass(frozen=True)
class TrainConfig:
    """The configuration of one training. `train.models` says what was measured with these defaults.

    Attributes:
        model: Which network.
        epochs: The most passes over the training split.
        batch_size: Pictures a step.
        learning_rate: Adam's, at the start; it falls to zero along a cosine over all epochs.
        patience: Epochs without a better validation accuracy before training ends early.
        dropout: Share of the last features dropped in training, 0 to below 1.
        flip: Whether pictures are mirrored left to right at random in training.
        seed: Of weights, order and augmentation.
        device: Where to train; `gpu` never falls back to the CPU.
    """

    model: ModelName = "cnn"
    epochs: int = 6
    batch_size: int = 128
    learning_rate: float = 0.004
    patience: int = 3
    dropout: float = 0.2
    flip: bool = False
    seed: int = 0
    device: DeviceName = "gpu"

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch_size", 1), ("patience", 1), ("seed", 0)):
            value = getattr(self, name)
            if value < least:
                raise FieldError(f"{name}: {least} or more expected, {value} found")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise FieldError(f"learning_rate: a number above 0 expected, {self.learning_rate} found")
        if not 0 <= self.dropout < 1:
            raise FieldError(f"dropout: a number from 0 to below 1 expected, {self.dropout} found")
        if self.seed >= 2**32:
            raise FieldError(f"seed: a number below 2**32 expected, {self.seed} found")  # numpy's limit


def sized_for(pictures: int) -> TrainConfig:
    """Returns the defaults for so many training pictures: fewer of them want smaller steps and more passes.

    Three labels, 287 pictures: 34 of 42 test pictures right with what suits 54,000, all 42 with this.
    """
    batch_size = min(MOST_BATCH, max(LEAST_BATCH, 1 << (max(1, pictures // 64).bit_length() - 1)))
    steps = math.ceil(pictures / batch_size)
    epochs = min(MOST_EPOCHS, max(TrainConfig.epochs, math.ceil(WANTED_STEPS / max(1, steps))))
    return TrainConfig(
        epochs=epochs,
        batch_size=batch_size,
        # The noise of a step grows as the batch shrinks; the square root keeps it about the same.
        learning_rate=round(TrainConfig.learning_rate * math.sqrt(batch_size / MOST_BATCH), 5),
        patience=max(TrainConfig.patience, epochs // 4),
    )


def read_config(path: Path | None, overrides: dict[str, Any], base: TrainConfig | None = None) -> TrainConfig:
    """Returns the configuration in a TOML file, or the default one, with some values replaced.

    Args:
        path: The file, or None.
        overrides: Values by field name that come from flags.
        base: What holds where neither says anything; `TrainConfig`'s own defaults if None.

    Raises:
        UsageError: The file cannot be read or is not TOML.
        FieldError: A key is unknown, or a value has another type or makes no sense.
    """
    raw: dict[str, Any] = {}
    if path is not None:
        try:
            raw = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise UsageError(f"--config {path}: cannot be read: {error.strerror}") from error
        except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
            raise UsageError(f"--config {path}: not TOML: {error}") from error
    defaults = dataclasses.asdict(base or TrainConfig())
    return fields.parse(TrainConfig, {**defaults, **raw, **overrides}, str(path or "configuration"))


def to_toml(config: TrainConfig) -> str:
    """Returns `config` as TOML that `read_config` reads back to an equal value."""
    # Strings, numbers and booleans look the same in JSON and TOML, and there is nothing else in it.
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in dataclasses.asdict(config).items())


def first_difference(old: TrainConfig, new: TrainConfig) -> tuple[str, object, object] | None:
    """Returns name, old and new value of the first field that differs."""
    for name in typing.get_type_hints(TrainConfig):
        if getattr(old, name) != getattr(new, name):
            return name, getattr(old, name), getattr(new, name)
    return None
