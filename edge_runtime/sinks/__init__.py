"""Sinks: who is told. One module each, and here what they have in common."""

from typing import Protocol

from edge_runtime.closing import Closing
from edge_runtime.result import Result


class Sink(Closing, Protocol):
    """Something that takes results, from one thread."""

    def take(self, result: Result) -> None: ...
