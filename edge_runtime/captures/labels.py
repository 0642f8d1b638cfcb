"""Which labels a person may give: known ones, so that a mistake in typing makes no class of its own."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from edge_runtime.console import did_you_mean
from edge_runtime.errors import UsageError


class Labelled(Protocol):
    """A capture, as far as it matters here."""

    @property
    def given(self) -> str | None:
        """The label that a person gave; None before that."""


def known_labels(model: Iterable[str], captures: Iterable[Labelled]) -> tuple[str, ...]:
    """Returns the model's labels, and behind them what else a person has given: it was meant when it was given first.

    Args:
        model: The model's labels, or as many of them as are known.
        captures: Those that may have been labelled.
    """
    first = tuple(dict.fromkeys(model))
    return (*first, *sorted({one.given for one in captures if one.given is not None} - {*first}))


def must_be_known(label: str, known: Sequence[str], advice: str = "") -> None:
    """Raises UsageError, with the label that may be meant, for one that is not known.

    Args:
        label: What somebody typed.
        known: What `known_labels` returned.
        advice: The end of the sentence: what to do for one that is new and meant.
    """
    if label not in known:
        shown = label[:80]
        raise UsageError(f"label '{shown}': not one of the model's{did_you_mean(shown, known)}{advice}")
