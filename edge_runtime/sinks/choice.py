"""Which kinds of results a sink is told."""

from edge_runtime.console import did_you_mean
from edge_runtime.result import Event, Prediction, Rejection, Result, SourceChange

KINDS: dict[str, type] = {
    "predictions": Prediction,
    "events": Event,
    "sources": SourceChange,
    "rejections": Rejection,
}
Choice = frozenset[str]
"""Names out of `KINDS`."""

EVERYTHING: Choice = frozenset(KINDS)
CHANGES: Choice = frozenset({"events", "sources"})  # few: what a broker or a person can be told unasked
PREDICTIONS: Choice = frozenset({"predictions"})
PICTURED: Choice = frozenset({"predictions", "events"})  # what has a picture and a label


def kind_of(result: Result) -> str:
    """Returns which of `KINDS` a result is."""
    return next(name for name, kind in KINDS.items() if isinstance(result, kind))


def choice_of(text: str) -> Choice:
    """Returns the choice behind ``events,sources``.

    Raises:
        ValueError: Some of it is no kind of result; the text says which.
    """
    names = text.split(",")
    for name in names:
        if name not in KINDS:
            raise ValueError(f"'{name}' is no kind of result{did_you_mean(name, KINDS)}")
    return frozenset(names)
