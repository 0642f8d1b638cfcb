"""A space from TOML, checked whole before the first trial.

Imports neither Keras nor Optuna: the command line's help is made from this.
"""

import tomllib
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edge_runtime.bundle import fields
from edge_runtime.console import did_you_mean
from edge_runtime.errors import EdgeError, FieldError, UsageError
from train.config import TrainConfig
from train.models import registry
from train.tuning.space import MODEL, Choice, Free, Space, Span, Value, configured

WHEN = "when"  # the table of tables for single networks
DEVICE = "device"
BOUNDS = ("low", "high", "log")
HINTS = typing.get_type_hints(TrainConfig)

# Networks that train on a CPU and need nothing to be fetched; augmentation that leaves a picture what it shows.
DEFAULT = """\
model = ["mlp", "cnn", "ds_cnn", "resnet8"]
learning_rate = {low = 0.0005, high = 0.01, log = true}
dropout = {low = 0.0, high = 0.5}
label_smoothing = [0.0, 0.05, 0.1]
flip = [false, true]
rotation = [0.0, 5.0, 10.0]
translation = [0.0, 0.05, 0.1]

[when.mlp]
width = [64, 128, 256]
[when.cnn]
width = [8, 16, 32, 48]
[when.ds_cnn]
width = [16, 32, 48]
[when.resnet8]
width = [8, 16, 24]
"""


def read_space(path: Path | None, over: Mapping[str, Value]) -> tuple[Space, str]:
    """Returns the space in a TOML file, or the one that is searched when nobody says, and its text.

    Args:
        path: The file, or None.
        over: What will go over all, such as the number of epochs.

    Raises:
        EdgeError: The file cannot be read.
        UsageError: It is not TOML, names what is not known or not possible, or leaves nothing to choose.
    """
    where = "the usual space" if path is None else str(path)
    try:
        text = DEFAULT if path is None else path.read_text("utf-8")
        raw = tomllib.loads(text)
    except OSError as error:
        raise EdgeError(f"--space {path}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise UsageError(f"--space {path}: not TOML: {error}") from error
    try:
        return parse_space(raw, where, over), text
    except FieldError as error:
        raise UsageError(f"--space {error}") from error


def parse_space(raw: Mapping[str, Any], where: str, over: Mapping[str, Value]) -> Space:
    """Returns the space in what a TOML parser returned.

    Raises:
        FieldError: A field is unknown, or a value of it is not possible.
        UsageError: It leaves nothing to choose.
    """
    general = dict(raw)
    single = general.pop(WHEN, {})
    if not (isinstance(single, dict) and all(isinstance(table, dict) for table in single.values())):
        raise FieldError(f"{where}: {WHEN}: tables such as [{WHEN}.cnn] expected, {single!r} found")
    parsed = {name: _parsed(name, value, where) for name, value in general.items()}
    space = Space(
        fixed={name: value for name, value in parsed.items() if not isinstance(value, (Choice, Span))},
        free={name: value for name, value in parsed.items() if isinstance(value, (Choice, Span))},
        when={
            model: {name: _parsed(name, value, f"{where}: {WHEN}.{model}") for name, value in table.items()}
            for model, table in single.items()
        },
    )
    space = space.without(over)
    for model, table in space.when.items():
        if model not in space.models:
            raise FieldError(f"{where}: {WHEN}.{model}: no such network in it{did_you_mean(model, space.models)}")
        if MODEL in table:
            raise FieldError(f"{where}: {WHEN}.{model}: {MODEL}: is {model} there already; leave it out")
    for values in _each_alone(space, where):
        try:
            configured(space, 1, values, over)
        except FieldError as error:
            text = str(error).removeprefix("trial: ")
            advice = f"; what suits one network alone stands below [{WHEN}.NETWORK]" if len(space.models) > 1 else ""
            raise FieldError(f"{where}: {values[MODEL]}: {text}{advice}") from error
    if not space.searched():
        said = [f"--{name.replace('_', '-')}" for name in over if name in parsed]
        decided = f" beside what {', '.join(said)} says" if said else ""
        raise UsageError(f"{where}: leaves nothing to choose{decided}: give one field a list or {{low = …, high = …}}")
    return space


def _each_alone(space: Space, where: str) -> Iterator[dict[str, Value]]:
    """Yields choices in which every value occurs; that two of them do not go together is seen when they meet."""
    for model in space.models:
        if not registry.is_own(model) and model not in registry.NETWORKS:
            raise FieldError(
                f"{where}: {MODEL}: no network is called {model!r}{did_you_mean(model, registry.NETWORKS)}"
            )
        free = space.of(model)[1]
        first = {name: one.extremes()[0] for name, one in free.items()}
        yield {MODEL: model, **first}
        for name, one in free.items():
            yield from ({MODEL: model, **first, name: value} for value in one.extremes()[1:])


def _parsed(name: str, raw: Any, where: str) -> Value | Free:
    if name not in HINTS:
        raise FieldError(f"{where}: unknown field '{name}'{did_you_mean(name, [*HINTS, WHEN])}")
    if name == DEVICE:
        raise FieldError(f"{where}: {name}: is said with --device")
    if isinstance(raw, dict):
        return _span(name, raw, f"{where}: {name}")
    if not isinstance(raw, list):
        return _value(name, raw, where)
    if not raw:
        raise FieldError(f"{where}: {name}: a list of choices expected, an empty one found")
    return Choice(tuple(dict.fromkeys(_value(name, value, where) for value in raw)))


def _value(name: str, raw: Any, where: str) -> Value:
    """Returns one value of a field, of the field's type; what else it must be is seen in `_each_alone`."""
    if isinstance(raw, int) and not isinstance(raw, bool) and HINTS[name] is float:
        return float(raw)  # so that 0 and 0.0 are one choice
    if HINTS[name] in fields.WORDS and type(raw) is not HINTS[name]:
        raise FieldError(f"{where}: {name}: {fields.WORDS[HINTS[name]]} expected, {raw!r} found")
    if not isinstance(raw, Value):
        raise FieldError(f"{where}: {name}: a value, a list of values or {{low = …, high = …}} expected, {raw!r} found")
    return raw


def _span(name: str, raw: Mapping[str, Any], where: str) -> Span:
    kind = HINTS[name]
    if kind not in (int, float):
        raise FieldError(f"{where}: is no number; list its choices")
    for key in raw:
        if key not in BOUNDS:
            raise FieldError(f"{where}: unknown '{key}'{did_you_mean(key, BOUNDS)}")
    for key in BOUNDS[:2]:
        found = raw.get(key)
        if isinstance(found, bool) or not isinstance(found, (int, kind)):
            raise FieldError(f"{where}: {key}: {fields.WORDS[kind]} expected, {found!r} found")
    low, high, log = raw["low"], raw["high"], raw.get("log", False)
    if not low < high:
        raise FieldError(f"{where}: low {low} is not below high {high}")
    if not isinstance(log, bool):
        raise FieldError(f"{where}: log: true or false expected, {log!r} found")
    if log and low <= 0:
        raise FieldError(f"{where}: low: a number above 0 expected with log = true, {low} found")
    return Span(low, high, log, whole=kind is int)
