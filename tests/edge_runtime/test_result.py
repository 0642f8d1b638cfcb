import io
import json
import re

import pytest

from edge_runtime.result import Prediction, Rejection, timestamp
from edge_runtime.sinks.jsonl import JsonLinesSink
from tests.edge_runtime.samples import IDENTITY

PREDICTION = Prediction(
    source="신발 1.png",
    frame=7,
    captured_at=1795298580.125,
    best=(("dark", 0.87654321), ("bright", 0.12345678)),
    identity=IDENTITY,
    latency=0.00001234567,
    age=0.123456,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1795298580.125, "2026-11-21T22:03:00.125Z"),
        (951825600, "2000-02-29T12:00:00.000Z"),
    ],
)
def test_times_are_rfc_3339_in_utc(seconds: float, text: str) -> None:
    assert timestamp(seconds) == text
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", timestamp(seconds))


def test_a_prediction_says_what_where_when_and_which_model() -> None:
    assert PREDICTION.to_plain() == {
        "type": "prediction",
        "source": "신발 1.png",
        "frame": 7,
        "captured_at": "2026-11-21T22:03:00.125Z",
        "label": "dark",
        "score": 0.876543,
        "best": [{"label": "dark", "score": 0.876543}, {"label": "bright", "score": 0.123457}],
        "bundle": "lamp",
        "version": "1.0",
        "digest": "0123456789ab",
        "variant": "mean.tflite",
        "runtime": "arithmetic 1",
        "latency_seconds": 0.0000123,
        "age_seconds": 0.1235,
    }


def test_a_rejection_says_why() -> None:
    plain = Rejection("a.png", 3, "a.png: not a picture").to_plain()
    assert plain == {"type": "rejection", "source": "a.png", "frame": 3, "reason": "a.png: not a picture"}


def test_json_lines_are_one_readable_line_a_result() -> None:
    stream = io.StringIO()
    with JsonLinesSink(stream) as sink:
        sink.take(PREDICTION)
        sink.take(Rejection("a\nb.png", 0, "line\nbreak"))
    lines = stream.getvalue().splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["prediction", "rejection"]
    assert "신발" in lines[0]
