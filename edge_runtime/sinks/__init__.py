"""Sinks: who is told. One module each, and here what they have in common."""

from typing import Protocol

from edge_runtime.closing import Closing
from edge_runtime.result import Result
from edge_runtime.sources import Frame


class Sink(Closing, Protocol):
    """Something that takes results, one after the other. It may take its time: it keeps nobody waiting but itself.

    Attributes:
        address: How the user named it, without credentials.
        vital: Whether the program ends when it fails, as it must for standard output.
    """

    address: str
    vital: bool

    def take(self, result: Result, frame: Frame | None) -> None:
        """Tells one result.

        Args:
            result: Of a frame or a source.
            frame: The frame, for results of one.

        Raises:
            SinkError: It could not be told; the next one is tried all the same.
        """
