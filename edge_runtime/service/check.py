"""Whether a run could begin, and with what: `run --check`."""

from pathlib import Path

from edge_runtime.checking import Checking
from edge_runtime.errors import EdgeError
from edge_runtime.pipeline.pipeline import Pipeline
from edge_runtime.service.assembly import lanes_of, sinks_of, wish_of
from edge_runtime.service.loading import load
from edge_runtime.service.page import page
from edge_runtime.service.settings import settings_of
from edge_runtime.sinks import Sink
from edge_runtime.sources import Source


def check(raw: dict[str, object], where: str) -> int:
    """Says whether a run could begin, and with what; enters nothing. Cameras are not tried: they may come later.

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
    if not all(told):
        raise EdgeError(f"{told.count(False)} of the above cannot begin")
    return 0


def _is_fine(kind: str, thing: Source | Sink) -> bool:
    """Prints a line about a source or sink; returns whether it could be entered now, as far as it knows."""
    problem = ""
    try:
        if isinstance(thing, Checking):
            thing.check()
    except EdgeError as error:
        problem = f"  BAD: {str(error).removeprefix(f'{thing.address}: ')}"
    print(f"{kind:8} {thing.address}{problem}")
    return not problem


def _nobody(model: str) -> None:
    """Whoever only looks has no parent that wants to know."""


def _no_pipeline() -> Pipeline:
    raise AssertionError("a page that is only checked asks for nothing")
