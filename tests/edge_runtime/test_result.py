import dataclasses
import io
import json
import re

import pytest

from edge_runtime.result import UNKNOWN, Event, Prediction, Rejection, SourceChange, timestamp
from edge_runtime.sinks.jsonl import JsonLinesSink
from tests.edge_runtime.samples import IDENTITY

PREDICTION = Prediction(
    source="watch:신발",
    path="신발/1.png",
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
        "source": "watch:신발",
        "path": "신발/1.png",
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
    assert Rejection("camera", None, 3, 0.0, "picture: not a picture").to_plain() == {
        "type": "rejection",
        "source": "camera",
        "frame": 3,
        "captured_at": "1970-01-01T00:00:00.000Z",
        "kind": "unreadable",
        "reason": "picture: not a picture",
    }


def test_a_score_below_the_threshold_is_unknown_and_says_what_it_might_have_been() -> None:
    unsure = dataclasses.replace(PREDICTION, threshold=0.9).to_plain()
    assert (unsure["label"], unsure["score"]) == (UNKNOWN, 0.876543)
    assert unsure["best"][0]["label"] == "dark"
    assert dataclasses.replace(PREDICTION, threshold=0.87654321).label == "dark"


def test_an_event_says_what_it_was_before_and_how_long() -> None:
    event = Event("camera", 9, 60.0, "dark", 0.9, "bright", 59.5, IDENTITY).to_plain()
    assert event["type"] == "event"
    assert (event["label"], event["previous"], event["duration_seconds"]) == ("dark", "bright", 59.5)
    assert event["digest"] == IDENTITY.digest
    assert Event("camera", 0, 0.0, "dark", 0.9, None, None, IDENTITY).to_plain()["duration_seconds"] is None


def test_a_change_of_a_source_says_since_when_and_why() -> None:
    assert SourceChange("camera", 0.0, "lost", "unplugged").to_plain() == {
        "type": "source",
        "source": "camera",
        "at": "1970-01-01T00:00:00.000Z",
        "state": "lost",
        "reason": "unplugged",
    }


def test_json_lines_are_one_readable_line_a_result() -> None:
    stream = io.StringIO()
    with JsonLinesSink(stream) as sink:
        sink.take(PREDICTION)
        sink.take(Rejection("watch:x", "a\nb.png", 0, 0.0, "line\nbreak"))
    lines = stream.getvalue().splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["prediction", "rejection"]
    assert "신발" in lines[0]
