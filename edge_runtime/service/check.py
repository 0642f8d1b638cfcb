"""Whether a run could begin, and with what: `run --check`."""

from pathlib import Path

from edge_runtime.checking import Checking
from edge_runtime.errors import EdgeError
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.service.assembly import lanes_of, sinks_of, warn, wish_of
from edge_runtime.service.loading import load
from edge_runtime.service.page import page
from edge_runtime.service.settings import settings_of
from edge_runtime.sinks import Sink
from edge_runtime.sinks.abilities import Keeping
from edge_runtime.sources import Source
from edge_runtime.sources.reconnect import LostError, Reconnecting


def check(raw: dict[str, object], where: str) -> int:
    """Says whether a run could begin, and with what; enters nothing.

    Cameras, brokers and receivers are not tried: they may come later, a camera may serve one program alone, and a
    broker ends the connection of a run that is under way when another one comes with its name.

    Raises:
        EdgeError: It could not.
    """
    settings = settings_of(raw, where)
    lanes = lanes_of(settings)
    sinks = sinks_of(settings, lanes, _nobody, frozenset())
    if settings.http:
        sinks.append(page(settings.http, _no_pipeline, None, str))
    classifier = load(Path(settings.bundle), wish_of(settings), _nobody, frozenset())
    print(f"bundle   {classifier.identity.title} on {classifier.identity.runtime}: judges here as at export")
    told = [_is_fine("source", lane.source) for lane in lanes] + [_is_fine("sink", sink) for sink in sinks]
    warn(settings, lanes, classifier.labels)
    if not all(told):
        raise EdgeError(f"{told.count(False)} of the above cannot be used now")
    return 0


def _is_fine(kind: str, thing: Source | Sink) -> bool:
    """Prints a line about a source or sink; returns whether it could be entered now, as far as it knows."""
    problem = ""
    try:
        if isinstance(thing, Checking):
            thing.check()
    except EdgeError as error:
        problem = str(error).removeprefix(f"{thing.address}: ")
        if isinstance(error, LostError):  # as of a stick that is not plugged in yet
            print(f"{kind:8} {thing.address}  NOT THERE: {problem}; run waits for it")
            return True
    # Whatever may be out of reach for a while is one of these.
    distant = isinstance(thing, (Reconnecting, Keeping))
    print(f"{kind:8} {thing.address}{f'  BAD: {problem}' if problem else '  not tried' if distant else ''}")
    return not problem


def _nobody(model: str) -> None:
    """Whoever only looks has no parent that wants to know."""


def _no_pipeline() -> Pipeline:
    raise AssertionError("a page that is only checked asks for nothing")
