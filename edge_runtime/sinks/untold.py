"""Sinks that would wait for ever: for events that no source makes, or for labels that the model does not have."""

from collections.abc import Sequence

from edge_runtime.console import did_you_mean
from edge_runtime.result import UNKNOWN
from edge_runtime.sinks.address import parse
from edge_runtime.sinks.places import PicturesAddress, WebhookAddress


def untold(sinks: Sequence[str], eventless: Sequence[str]) -> str:
    """Returns a line that says which sinks wait for events of sources that make none, and what to do; else nothing.

    Args:
        sinks: Their addresses, those of `parse`.
        eventless: Sources without events, as files are: their pictures have nothing to do with each other.

    Raises:
        UsageError: An address makes no sense.
    """
    places = [place for place in map(parse, sinks) if "events" in place.what and "predictions" not in place.what]
    if not places or not eventless:
        return ""
    signs = sorted({"#" if isinstance(place, WebhookAddress) else "?" for place in places}, reverse=True)
    return (
        f"{', '.join(place.shown for place in places)}: waits for events, and {', '.join(eventless)} makes none; "
        f"for a result of each picture add {' or '.join(f'{sign}what=predictions' for sign in signs)} to the sink's "
        'address, for events set sources = "all" under [events] in the configuration'
    )


def never_drawn(sinks: Sequence[str], labels: Sequence[str]) -> str:
    """Returns a line that says which labels a sink is to draw that the model does not have; else nothing.

    Args:
        sinks: As above.
        labels: The model's.

    Raises:
        UsageError: An address makes no sense.
    """
    known = (*labels, UNKNOWN)
    return "; ".join(
        f"{place.shown}: labels: '{label}' is none of the model's{did_you_mean(label, known)}"
        for place in map(parse, sinks)
        if isinstance(place, PicturesAddress)
        for label in sorted(place.labels.difference(known))
    )
