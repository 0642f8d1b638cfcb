"""What some sinks can besides `take`. A worker looks for it; a sink that lacks it is told everything, at once or never.

`sees_frames = False`, an attribute, says that a sink makes nothing of frames: then none wait for it in memory.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from edge_runtime.result import Result


@runtime_checkable
class Choosing(Protocol):
    """A sink that is told some results only."""

    def wants(self, result: Result) -> bool:
        """Whether it is to be told; must answer at once, in any thread."""


@dataclass(frozen=True)
class Kept:
    """How a sink that keeps results stands.

    Attributes:
        delivered: Results that arrived.
        waiting: Results that are kept and will be tried again.
        lost: Results that no room was left for.
        refused: Results that the receiver does not want.
        error: Why results wait; empty while all is well. The same words for the same trouble.
    """

    delivered: int = 0
    waiting: int = 0
    lost: int = 0
    refused: int = 0
    error: str = ""


@runtime_checkable
class Keeping(Protocol):
    """A sink whose `take` keeps what cannot be told now, and that tries again by itself."""

    def again(self) -> float:
        """Tries what waits, for a bounded time; returns the seconds after which to be called again."""

    def flush(self, seconds: float) -> None:
        """Tries what waits for at most about so long, before it is left."""

    def kept(self) -> Kept:
        """Returns how it stands; called in any thread."""
