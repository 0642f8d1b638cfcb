"""JSON lines on a stream: one result a line, written out at once, for programs to read."""

import json
from typing import TextIO

from edge_runtime.closing import NothingToClose
from edge_runtime.result import Result
from edge_runtime.sinks.choice import EVERYTHING, Choice, kind_of
from edge_runtime.sources import Frame


def line_of(result: Result) -> str:
    """Returns a result as one line of JSON, without its end."""
    return json.dumps(result.to_plain(), ensure_ascii=False)


class JsonLinesSink(NothingToClose):
    """Writes to a stream that it does not own.

    Args:
        stream: Such as standard output.
        what: Which results are told.
    """

    address = "jsonl:-"
    vital = True
    sees_frames = False

    def __init__(self, stream: TextIO, what: Choice = EVERYTHING) -> None:
        self._stream = stream
        self._what = what

    def wants(self, result: Result) -> bool:
        return kind_of(result) in self._what

    def take(self, result: Result, frame: Frame | None = None) -> None:
        self._stream.write(line_of(result) + "\n")
        self._stream.flush()
