"""JSON lines: one result a line, written out at once, for programs to read."""

import json
from typing import TextIO

from edge_runtime.closing import NothingToClose
from edge_runtime.result import Result
from edge_runtime.sources import Frame


class JsonLinesSink(NothingToClose):
    """Writes to a stream that it does not own."""

    address = "jsonl:-"
    vital = True

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def take(self, result: Result, frame: Frame | None = None) -> None:
        self._stream.write(json.dumps(result.to_plain(), ensure_ascii=False) + "\n")
        self._stream.flush()
