"""Everything that decides how a model is trained, as one value."""

import contextlib
import dataclasses
import json
import math
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge_runtime.bundle import fields
from edge_runtime.errors import FieldError, UsageError
from edge_runtime.toml import read
from train.augmentation.settings import Augmentation
from train.models import registry

DeviceName = Literal["gpu", "cpu"]
ScheduleName = Literal["cosine", "plateau", "constant"]
PrecisionName = Literal["float32", "mixed_float16", "mixed_bfloat16"]
LEAST_BATCH, MOST_BATCH = 16, 128
WANTED_STEPS, MOST_EPOCHS = 2500, 40  # 54,000 pictures: 6 epochs of 422 steps


@dataclass(frozen=True)
class TrainConfig(Augmentation):
    """The configuration of one training. `train.models.build` says what was measured with these defaults.

    Attributes:
        model: Which network: one of `train.models.registry`, or a user's own as ``module:function``.
        width: Filters or units of its first layer; 0 for the network's own.
        weights: What a backbone begins with: empty or `imagenet` for ImageNet's, `none` for random ones, or a
            file.
        freeze_epochs: In how many epochs a backbone's new last layer alone learns, before the rest does with small
            steps (`train.models.backbone`); -1 for a third of all.
        epochs: The most passes over the training split.
        batch_size: Pictures a step.
        learning_rate: Adam's, at the start or after warming up.
        schedule: What becomes of it: `cosine`, down to zero over all epochs; `plateau`, a third of it whenever two
            epochs did not lower the validation loss; `constant`.
        warmup: Epochs in which it rises from zero to `learning_rate`; of `cosine` alone.
        weight_decay: AdamW's; 0 for none.
        clip_norm: What the norm of all gradients together may be; 0 for no limit.
        label_smoothing: Share of each label's target that is spread over all labels.
        class_weights: Whether a label with few pictures counts as much as one with many.
        precision: Of the arithmetic; what is kept is float32.
        patience: Epochs without a better validation accuracy before training ends early.
        dropout: Share of the last features dropped in training, 0 to below 1.
        seed: Of weights, order and augmentation.
        start: A finished run from whose weights training begins; empty for none.
        teacher: A finished run whose scores are learned beside the labels; empty for none.
        distillation: How much those count against the labels, 0 to 1.
        device: Where to train; `gpu` never falls back to the CPU.
    """

    model: str = "cnn"
    width: int = 0
    weights: str = ""
    freeze_epochs: int = -1
    epochs: int = 6
    batch_size: int = 128
    learning_rate: float = 0.004
    schedule: ScheduleName = "cosine"
    warmup: float = 0.0
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    label_smoothing: float = 0.0
    class_weights: bool = False
    precision: PrecisionName = "float32"
    patience: int = 3
    dropout: float = 0.2
    seed: int = 0
    start: str = ""
    teacher: str = ""
    distillation: float = 0.7
    device: DeviceName = "gpu"

    def __post_init__(self) -> None:
        super().__post_init__()
        registry.check(self.model, self.width, self.weights, self.freeze_epochs)
        for name in ("weights", "start", "teacher"):
            value = getattr(self, name)
            if any("\ud800" <= character <= "\udfff" for character in value):  # what Python makes of other bytes
                raise FieldError(f"{name}: a path in UTF-8 expected, as config.toml is, {value!r} found; rename it")
        for name, least in (("epochs", 1), ("batch_size", 1), ("patience", 1), ("seed", 0)):
            value = getattr(self, name)
            if value < least:
                raise FieldError(f"{name}: {least} or more expected, {value} found")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise FieldError(f"learning_rate: a number above 0 expected, {self.learning_rate} found")
        for name in ("dropout", "label_smoothing"):
            if not 0 <= getattr(self, name) < 1:
                raise FieldError(f"{name}: a number from 0 to below 1 expected, {getattr(self, name)} found")
        if not 0 <= self.distillation <= 1:
            raise FieldError(f"distillation: a number from 0 to 1 expected, {self.distillation} found")
        if self.distillation != TrainConfig.distillation and not self.teacher:
            raise FieldError(f"distillation: a teacher to learn from expected with it, {self.distillation:g} found")
        for name in ("warmup", "weight_decay", "clip_norm"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise FieldError(f"{name}: a number of 0 or more expected, {getattr(self, name)} found")
        if self.warmup and self.schedule != "cosine":
            raise FieldError(f"warmup: 0 expected with schedule {self.schedule}, {self.warmup:g} found")
        if self.warmup >= self.epochs:
            raise FieldError(f"warmup: fewer than the {self.epochs} epochs expected, {self.warmup:g} found")
        if self.seed >= 2**32:
            raise FieldError(f"seed: a number below 2**32 expected, {self.seed} found")  # numpy's limit


def sized_for(pictures: int, model: str = TrainConfig.model) -> TrainConfig:
    """Returns the defaults of a network for so many training pictures: fewer want smaller steps and more passes.

    Three labels, 287 pictures: 34 of 42 test pictures right with what suits 54,000, all 42 with this.
    """
    wanted = registry.habits(model)
    batch_size = min(wanted.batch_size, max(LEAST_BATCH, 1 << (max(1, pictures // 64).bit_length() - 1)))
    steps = math.ceil(pictures / batch_size)
    most = max(MOST_EPOCHS, wanted.epochs)
    epochs = min(most, max(wanted.epochs, math.ceil(WANTED_STEPS / max(1, steps))))
    sized = TrainConfig(
        model=model,
        epochs=epochs,
        batch_size=batch_size,
        # The cosine settles at its end; a quarter of 40 epochs ended one of three trainings on 384 pictures with .714
        # of the test pictures where all epochs gave .808.
        patience=max(TrainConfig.patience, epochs // 2),
        dropout=wanted.dropout,
    )
    return with_usual_rate(sized)


def with_usual_rate(config: TrainConfig) -> TrainConfig:
    """Returns `config` with the learning rate that suits its network, batch size and start, where nobody chose one."""
    wanted = registry.habits(config.model)
    # The noise of a step grows as the batch shrinks; the square root keeps it about the same. Beyond the most pictures
    # that suit the network nothing was measured.
    batch_size = min(config.batch_size, wanted.batch_size)
    rate = round(wanted.learning_rate * math.sqrt(batch_size / MOST_BATCH), 5)
    # What it starts from is not to be forgotten in the first steps.
    return dataclasses.replace(config, learning_rate=rate / 4 if config.start else rate)


def asked_model(path: Path | None, overrides: dict[str, Any], base: TrainConfig | None = None) -> str:
    """Returns the network that a TOML file, flags and what holds without them ask for; takes and raises what
    `asked_config` does."""
    found = {**_raw(path), **overrides}.get("model", (base or TrainConfig()).model)
    if not isinstance(found, str):
        return TrainConfig.model  # asked_config refuses it
    with _typed(path, overrides):
        registry.check(found, width=0, weights="", freeze_epochs=0)
    return found


def read_config(path: Path | None, overrides: dict[str, Any], base: TrainConfig | None = None) -> TrainConfig:
    """Returns the configuration in a TOML file, or the default one, with some values replaced.

    Args:
        path: The file, or None.
        overrides: Values by field name that come from flags.
        base: What holds where neither says anything; `TrainConfig`'s own defaults if None.

    Raises:
        EdgeError: The file cannot be read.
        UsageError: It is not TOML.
        FieldError: A key is unknown, or a value has another type or makes no sense.
    """
    raw = _raw(path)
    defaults = dataclasses.asdict(base or TrainConfig())
    return fields.parse(TrainConfig, {**defaults, **raw, **overrides}, str(path or "configuration"))


def asked_config(path: Path | None, overrides: dict[str, Any], base: TrainConfig | None = None) -> TrainConfig:
    """Returns what `read_config` does, of a file and flags that a user typed.

    Raises:
        UsageError: The file is not TOML, a key is unknown, or a value has another type or makes no sense.
        EdgeError: The file cannot be read.
    """
    with _typed(path, overrides):
        return read_config(path, overrides, base)


def asked_anew(path: Path | None, overrides: dict[str, Any], pictures: int) -> TrainConfig:
    """Returns what `asked_config` does for a training that begins, with so many pictures: what nobody chose suits them
    and what was chosen. Raises what `asked_config` does."""
    config = asked_config(path, overrides, sized_for(pictures, asked_model(path, overrides)))
    return config if "learning_rate" in {**_raw(path), **overrides} else with_usual_rate(config)


@contextlib.contextmanager
def _typed(path: Path | None, overrides: dict[str, Any]) -> Iterator[None]:
    """Makes of a value that makes no sense a command line that does not, and names the file if the value is its."""
    try:
        yield
    except FieldError as error:
        text = str(error)
        name = text.partition(":")[0]
        if name in overrides:
            flag = {"start": "from"}.get(name, name).replace("_", "-")
            raise UsageError(f"--{flag}{text.removeprefix(name)}") from error
        named = path is None or text.startswith(str(path))
        raise UsageError(text if named else f"{path}: {text}") from error


def _raw(path: Path | None) -> dict[str, Any]:
    return {} if path is None else read(path)


def to_toml(config: TrainConfig) -> str:
    """Returns `config` as TOML that `read_config` reads back to an equal value; comments say what stands for what."""
    meant = {name: f"  # {text}" for name, text in stands_for(config).items()}
    return "".join(
        f"{name} = {_literal(value)}{meant.get(name, '')}\n" for name, value in dataclasses.asdict(config).items()
    )


def _literal(value: object) -> str:
    # Strings, numbers and booleans look the same in JSON and TOML, and there is nothing else in it; but TOML knows no
    # surrogate pairs, which JSON's ASCII has for an emoji, and wants DEL escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def stands_for(config: TrainConfig) -> dict[str, str]:
    """Returns by name what those values stand for that leave a choice to the network."""
    meant = {}
    if config.model in registry.NETWORKS and registry.NETWORKS[config.model].width and not config.width:
        meant["width"] = f"the network's own, {registry.NETWORKS[config.model].width}"
    if registry.is_backbone(config.model) and config.freeze_epochs < 0:
        meant["freeze_epochs"] = "none, with a run to start from" if config.start else "a third of all epochs"
    return meant


def first_difference(old: TrainConfig, new: TrainConfig) -> tuple[str, object, object] | None:
    """Returns name, old and new value of the first field that differs."""
    for name in typing.get_type_hints(TrainConfig):
        if getattr(old, name) != getattr(new, name):
            return name, getattr(old, name), getattr(new, name)
    return None
