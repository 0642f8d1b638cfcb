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

ModelName = Literal["cnn"]
DeviceName = Literal["gpu", "cpu"]


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


def read_config(path: Path | None, overrides: dict[str, Any]) -> TrainConfig:
    """Returns the configuration in a TOML file, or the default one, with some values replaced.

    Args:
        path: The file, or None.
        overrides: Values by field name that come from flags.

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
    return fields.parse(TrainConfig, {**raw, **overrides}, str(path or "configuration"))


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
