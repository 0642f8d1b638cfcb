"""JSON lines: one result a line, written out at once, for programs to read."""

import json
from typing import TextIO

from edge_runtime.closing import NothingToClose
from edge_runtime.result import Result


class JsonLinesSink(NothingToClose):
    """Writes to a stream that it does not own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def take(self, result: Result) -> None:
        self._stream.write(json.dumps(result.to_plain(), ensure_ascii=False) + "\n")
        self._stream.flush()
