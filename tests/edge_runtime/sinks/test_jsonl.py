import io
import json
from pathlib import Path

import pytest

from edge_runtime.sinks.jsonl import JsonLinesSink
from tests.edge_runtime.samples import in_a_process
from tests.edge_runtime.sinks.results import change, event, prediction, rejection


def test_each_result_is_one_readable_line() -> None:
    stream = io.StringIO()
    with JsonLinesSink(stream) as sink:
        for result in (prediction(), event(), change(), rejection()):
            sink.take(result)
    lines = stream.getvalue().splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["prediction", "event", "source", "rejection"]
    assert "신발" in lines[3]


def test_a_stream_is_not_closed_by_who_does_not_own_it() -> None:
    stream = io.StringIO()
    with JsonLinesSink(stream):
        pass
    assert not stream.closed


def test_a_line_is_out_before_the_next_result(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with path.open("w") as stream, JsonLinesSink(stream) as sink:
        sink.take(prediction())
        assert len(path.read_text().splitlines()) == 1


@pytest.mark.parametrize("place", ["/dev/full"])
def test_a_full_disk_behind_standard_output_is_met_by_the_caller(place: str) -> None:
    code = """
import sys
from edge_runtime.sinks.jsonl import JsonLinesSink
from tests.edge_runtime.sinks.results import prediction
sink = JsonLinesSink(open(sys.argv[1], "w"))
try:
    sink.take(prediction())
except OSError as error:
    print(error.strerror, flush=True)
    import os; os._exit(0)
"""
    assert in_a_process(code, place).stdout == "No space left on device\n"
