"""A source in a thread of its own, with real sources."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_runtime.closing import NothingToClose
from edge_runtime.errors import SourceError
from edge_runtime.pipeline.sensing import HELD, Sensing
from edge_runtime.sources import Frame
from edge_runtime.sources.replay import ReplaySource
from tests.edge_runtime.samples import DEADLINE, flat


class Failing(NothingToClose):
    """Gives two frames and fails."""

    address = "failing:"
    live = False

    def frames(self, stop: threading.Event) -> Iterator[Frame]:
        yield Frame(self.address, 0, 0.0, flat(1))
        yield Frame(self.address, 1, 0.0, flat(2))
        raise SourceError("failing: it had to be")


def everything(sensing: Sensing) -> Iterator[Frame]:
    while not sensing.ended:
        item = sensing.get(DEADLINE)
        if isinstance(item, Frame):
            yield item


def test_nothing_of_what_is_not_live_is_lost() -> None:
    with Sensing(ReplaySource([Path("a"), Path("b"), Path("c")], rounds=4 * HELD)) as sensing:
        assert [frame.number for frame in everything(sensing)] == list(range(12 * HELD))


def test_a_failure_is_raised_behind_what_came_before() -> None:
    with Sensing(Failing()) as sensing:
        assert sensing.get(DEADLINE)
        assert sensing.get(DEADLINE)
        with pytest.raises(SourceError, match="it had to be"):
            sensing.get(DEADLINE)


def test_leaving_ends_a_source_that_would_go_on_for_ever() -> None:
    with Sensing(ReplaySource([Path("a")], rounds=0)) as sensing:
        assert sensing.get(DEADLINE)
    assert "replay:" not in {thread.name for thread in threading.enumerate()}
