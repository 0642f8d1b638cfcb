import re
import tomllib
from typing import Any

import pytest

from edge_runtime.errors import UsageError
from edge_runtime.service.settings import Settings, settings_of

LEAST: dict[str, object] = {"bundle": "b", "source": [{"address": "watch:in"}]}

EVERYTHING = """
bundle = "bundles/parts"
variant = "full_int8.tflite"
threads = 2
top = 1
threshold = 0.7
max_degradation = 0.5
follow = false
heartbeat = "/run/edge-runtime/heartbeat.json"
sinks = ["jsonl:-", "sqlite:results.db"]

[[source]]
address = "rtsp://user:password@192.168.1.20/stream1"
name = "gate"
region = "25%,0%,75%,100%"
motion = {sensitivity = 0.7}
max_age = 2
frozen_after = 60
black = false

[[source]]
address = "/dev/video0"

[events]
sources = "all"
smoothing = {method = "average", hold = 2.0}

[http]
address = "http://0.0.0.0:8080"
token_file = "/etc/edge-runtime/token"
private = true
names = ["camera.local"]
"""


def test_a_file_may_say_everything() -> None:
    settings = settings_of(tomllib.loads(EVERYTHING), "edge.toml")
    gate, second = settings.source
    assert (gate.name, gate.motion and gate.motion.sensitivity, gate.max_age, gate.black) == ("gate", 0.7, 2.0, False)
    assert second.name is None
    assert settings.events.smoothing.hold == 2.0
    assert settings.http
    assert settings.http.names == ("camera.local",)


def test_little_is_enough() -> None:
    settings = settings_of(LEAST, "run")
    assert settings == Settings(bundle="b", source=settings.source)
    assert settings.sinks == ("jsonl:-",)
    assert settings.http is None


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sorce": []}, "edge.toml: unknown field 'sorce'; did you mean 'source'?"),
        ({"source": []}, "edge.toml: no source; say --source ADDRESS"),
        ({"source": [{"adress": "0"}]}, "edge.toml: source[0]: unknown field 'adress'; did you mean 'address'?"),
        ({"source": [{"address": ""}]}, "address: nothing found"),
        ({"source": [{"address": "0", "max_age": 0}]}, "max_age: seconds above 0 expected, 0.0 found"),
        ({"source": [{"address": "0", "motion": {"sensitivity": 7}}]}, "sensitivity: a number from 0 to 1 expected"),
        ({"source": [{"address": "0"}, {"address": "0"}]}, "edge.toml: source 0: given twice"),
        ({"source": [{"address": "0", "name": "x"}, {"address": "1", "name": "x"}]}, "edge.toml: name x: given twice"),
        ({"sinks": ["jsonl:-", "jsonl:-"]}, "edge.toml: sink jsonl:-: given twice"),
        ({"threads": 0}, "threads: 1 or more expected, 0 found"),
        ({"threads": "two"}, 'threads: a whole number expected, "two" found'),
        ({"threads": "2"}, 'threads: a whole number expected, "2" found; write it without quotes'),
        (
            {"events": {"smoothing": {"hold": "2s"}}},
            'smoothing: hold: a number expected, "2s" found; write the number alone, a time in seconds',
        ),
        ({"bundle": 5}, "edge.toml: bundle: text expected, 5 found"),
        ({"source": {"address": "0"}}, "edge.toml: source: [source] with single brackets found; each source is"),
        ({"source": "0"}, "edge.toml: source: an address alone found; each source is a table of its own: [[source]]"),
        ({"source": ["0"]}, "edge.toml: source: an address alone found; each source is a table of its own: [[source]]"),
        ({"top": 0}, "top: 1 or more expected"),
        ({"threshold": 70}, "threshold: a score from 0 to 1 expected, 70.0 found"),
        ({"max_degradation": -1.0}, "max_degradation: points from 0 expected, -1.0 found"),
        ({"events": {"smoothing": {"enter": 2}}}, "enter: a number above 0 to 1 expected"),
        ({"events": {"sources": "some"}}, "'some' is not possible"),
        (
            {"source": [{"address": "0", "motion": {"at_least_every": 60}}]},
            "motion: at_least_every below events.smoothing.gap (30 s) expected, 60 found",
        ),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place_and_what_was_wanted(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)) as refused:
        settings_of({**LEAST, **change}, "edge.toml")
    assert str(refused.value).startswith("edge.toml: ")
    assert refused.value.exit_code == 2


def test_passwords_are_not_repeated() -> None:
    twice = {"address": "rtsp://user:geheim@host/x"}
    with pytest.raises(UsageError) as refused:
        settings_of({**LEAST, "source": [twice, twice]}, "edge.toml")
    assert "geheim" not in str(refused.value)
    for written in (twice, "http://host/x?token=geheim", [f"rtsp://user:{'x' * 40}geheim@host/x"]):
        with pytest.raises(UsageError, match=r"\[\[source\]\]") as refused:
            settings_of({**LEAST, "source": written}, "edge.toml")
        assert "geheim" not in str(refused.value)
