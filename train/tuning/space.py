"""What a search may vary: fields of `TrainConfig`, each with choices or with a lowest and a highest value."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from edge_runtime.bundle import fields
from train.config import TrainConfig, sized_for, with_usual_rate
from train.models import registry

MODEL, WIDTH, RATE = "model", "width", "learning_rate"

Value = str | int | float | bool
T = TypeVar("T")


@dataclass(frozen=True)
class Choice:
    """One of some values."""

    values: tuple[Value, ...]

    def near(self, value: Value) -> Value:
        """Returns `value` if it is among them, else the first."""
        return value if value in self.values else self.values[0]

    def extremes(self) -> tuple[Value, ...]:
        """Returns what is to be tried to know that all of them are possible."""
        return self.values

    def all(self) -> Sequence[Value]:
        """Returns each of them."""
        return self.values


@dataclass(frozen=True)
class Span:
    """A number from `low` to `high`, both possible; a whole one for a field of whole numbers."""

    low: float
    high: float
    log: bool
    whole: bool

    def near(self, value: Value) -> Value:
        """Returns `value`, or the end that is nearer to it."""
        inside = min(max(float(value), self.low), self.high)
        return int(inside) if self.whole else inside

    def extremes(self) -> tuple[Value, ...]:
        """Returns the two ends."""
        return (int(self.low), int(self.high)) if self.whole else (self.low, self.high)

    def all(self) -> Sequence[Value]:
        """Returns each whole number; of others, which are without number, the two ends."""
        return range(int(self.low), int(self.high) + 1) if self.whole else self.extremes()


Free = Choice | Span


@dataclass(frozen=True)
class Space:
    """A declared space.

    Attributes:
        fixed: Values of every trial, by field.
        free: What is chosen anew for each trial, by field.
        when: The same two for single networks, by network and field; they take the place of the general ones.
    """

    fixed: Mapping[str, Value]
    free: Mapping[str, Free]
    when: Mapping[str, Mapping[str, Value | Free]]

    @property
    def models(self) -> tuple[str, ...]:
        """The networks that may be chosen."""
        found = self.free.get(MODEL)
        if found is None:
            return (str(self.fixed.get(MODEL, TrainConfig.model)),)
        return tuple(str(model) for model in found.extremes())

    def of(self, model: str) -> tuple[dict[str, Value], dict[str, Free]]:
        """Returns what is fixed for a network and what is free, the network itself not among them."""
        every = {**self.fixed, **self.free, **self.when.get(model, {})}
        every.pop(MODEL, None)
        free = {name: value for name, value in every.items() if isinstance(value, (Choice, Span))}
        return {name: value for name, value in every.items() if not isinstance(value, (Choice, Span))}, free

    def without(self, names: Collection[str]) -> "Space":
        """Returns the space without some fields, which what goes over all decides."""
        when = {model: _left(table, names) for model, table in self.when.items()}
        return Space(_left(self.fixed, names), _left(self.free, names), when)

    def every(self) -> Iterator[dict[str, Value]]:
        """Yields every choice there is, the network among them; of a number that is not whole the two ends."""
        for model in self.models:
            yield from _every({MODEL: model}, list(self.of(model)[1].items()))

    def searched(self) -> tuple[str, ...]:
        """Returns every field that is free for some network, the network first."""
        names = dict.fromkeys(name for model in self.models for name in self.of(model)[1])
        return (MODEL, *names) if MODEL in self.free else tuple(names)


def _left(table: Mapping[str, T], names: Collection[str]) -> dict[str, T]:
    return {name: value for name, value in table.items() if name not in names}


def _every(chosen: dict[str, Value], rest: list[tuple[str, Free]]) -> Iterator[dict[str, Value]]:
    if not rest:
        yield chosen
        return
    (name, free), *more = rest
    for value in free.all():
        yield from _every({**chosen, name: value}, more)


def configured(space: Space, pictures: int, chosen: Mapping[str, Value], over: Mapping[str, Value]) -> TrainConfig:
    """Returns the configuration of a trial.

    Args:
        space: The space.
        pictures: Training pictures; what neither the space nor `over` names is what `fit` takes for so many.
        chosen: A value for what is free, by field, the network among them.
        over: What goes over all, such as the device.

    Raises:
        FieldError: The values do not go together.
    """
    model = str(chosen.get(MODEL, space.models[0]))
    values = {**space.of(model)[0], **chosen, **over}
    base = dataclasses.asdict(sized_for(pictures, model))
    config = fields.parse(TrainConfig, {**base, **values}, "trial")
    return config if RATE in values else with_usual_rate(config)


def usual(space: Space, pictures: int) -> dict[str, Value]:
    """Returns a choice as close to what `fit` does unasked as the space has it; what a search begins with."""
    models = space.models
    model = TrainConfig.model if TrainConfig.model in models else models[0]
    base = dataclasses.asdict(sized_for(pictures, model))
    base[WIDTH] = width_of(sized_for(pictures, model))
    chosen: dict[str, Value] = {MODEL: model}
    free = space.of(model)[1]
    chosen |= {name: one.near(base[name]) for name, one in free.items() if name != RATE}
    if RATE in free:
        chosen[RATE] = free[RATE].near(configured(space.without({RATE}), pictures, chosen, {}).learning_rate)
    return chosen


def width_of(config: TrainConfig) -> int:
    """Returns the width of a configuration's network, its own where nobody chose; 0 where it is fixed."""
    known = registry.NETWORKS.get(config.model)
    return config.width or (known.width if known else 0)
