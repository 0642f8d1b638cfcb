"""Entering and leaving, for sources and sinks."""

from types import TracebackType
from typing import Protocol, Self


class Closing(Protocol):
    """Something that is opened by entering and closed by leaving; whoever enters, leaves."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class NothingToClose:
    """What a source or sink inherits that holds nothing open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
