"""A sink that remembers, for tests and for programs that embed the edge runtime."""

from types import TracebackType

from edge_runtime.closing import NothingToClose
from edge_runtime.result import Result
from edge_runtime.sources import Frame


class MemorySink(NothingToClose):
    """Keeps every result, in order; grows without bound."""

    address = "memory:"
    vital = True

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.closed = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True

    def take(self, result: Result, frame: Frame | None = None) -> None:
        self.results.append(result)
