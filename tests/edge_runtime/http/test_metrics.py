from typing import get_args

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from edge_runtime.http.asked import Facts
from edge_runtime.http.metrics import Metrics
from edge_runtime.result import SourceChange
from edge_runtime.sources import State
from edge_runtime.status import Board, SinkStatus
from tests.edge_runtime.http.serving import DOOR, FACTS, YARD, frame, prediction
from tests.edge_runtime.samples import IDENTITY

SINK = SinkStatus("mqtt://broker/edge", delivered=7, dropped=1, failed=2, waiting=3)
NEWEST = "application/openmetrics-text; version=1.0.0"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def metrics(facts: Facts = FACTS) -> tuple[Metrics, Board]:
    board = Board(IDENTITY, [DOOR, YARD], lambda: {DOOR: 4}, lambda: (SINK,), lambda: 1_790_000_000.0)
    return Metrics(board.snapshot, lambda: facts, lambda: {200: 5, 404: 1}), board


def samples(told: Metrics, accept: str = "") -> Samples:
    text, media = told.text(accept)
    parse = openmetrics if "openmetrics" in media else plain
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(text.decode())
        for sample in family.samples
    }


@pytest.mark.parametrize("accept", ["", NEWEST, "text/plain; version=1.0.0", "*/*", "rubbish;;,,"])
def test_every_form_can_be_parsed_by_prometheus_own_parser(accept: str) -> None:
    told, board = metrics()
    for number in range(3):
        board.note(prediction(frame(number=number)))
        told.note(prediction(frame(number=number)))
    board.note_refused(DOOR, "frozen")
    board.note_still(YARD)
    found = samples(told, accept)
    assert found["edge_predictions_total", (("source", DOOR),)] == 3
    assert found["edge_rejections_total", (("kind", "frozen"), ("source", DOOR))] == 1
    assert found["edge_dropped_frames_total", (("source", DOOR),)] == 4
    assert found["edge_still_frames_total", (("source", YARD),)] == 1
    assert found["edge_latency_seconds_count", ()] == 3
    assert found["edge_age_seconds_count", (("source", DOOR),)] == 3
    assert found["edge_start_time_seconds", ()] == 1_790_000_000.0


def test_a_source_is_in_one_state_of_all_there_are() -> None:
    told, board = metrics()
    states = {name: samples(told)["edge_source_state", (("source", DOOR), ("state", name))] for name in get_args(State)}
    assert set(states.values()) == {0.0}  # it has not given anything yet
    board.note(SourceChange(DOOR, 0.0, "frozen"))
    states = {name: samples(told)["edge_source_state", (("source", DOOR), ("state", name))] for name in get_args(State)}
    assert states == {"live": 0.0, "stale": 0.0, "frozen": 1.0, "black": 0.0, "lost": 0.0}


def test_sinks_model_requests_and_device_are_told() -> None:
    found = samples(metrics()[0])
    sink = (("sink", SINK.address),)
    assert [found[f"edge_sink_{name}_total", sink] for name in ("delivered", "dropped", "failed")] == [7, 1, 2]
    assert found["edge_sink_waiting", sink] == 3
    model = dict(next(labels for name, labels in found if name == "edge_model_info"))
    assert model["digest"] == IDENTITY.digest
    assert (found["edge_device_temperature_celsius", ()], found["edge_device_throttled", ()]) == (61.5, 1)
    assert found["edge_resident_memory_bytes", ()] == 60_000_000
    assert found["edge_http_requests_total", (("code", "404"),)] == 1


def test_what_the_device_does_not_tell_is_left_out_and_not_zero() -> None:
    assert not any("device" in name or "memory" in name for name, _ in samples(metrics(Facts())[0]))


def test_every_name_has_the_one_prefix_and_every_family_a_text() -> None:
    text, _ = metrics()[0].text("")
    families = list(plain(text.decode()))
    assert len(families) > 15
    assert all(family.name.startswith("edge_") and family.documentation for family in families)


def test_an_address_with_quotes_and_line_breaks_stays_one_label() -> None:
    board = Board(IDENTITY, ['a"b\\c\nd'])
    found = samples(Metrics(board.snapshot, Facts, dict))
    assert found["edge_predictions_total", (("source", 'a"b\\c\nd'),)] == 0
