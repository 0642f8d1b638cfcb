import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.sinks.choice import KINDS
from edge_runtime.sinks.slug import slug
from edge_runtime.sinks.topics import EACH, Topics
from tests.edge_runtime.samples import IDENTITY
from tests.edge_runtime.sinks.results import DOOR, change, event, prediction


def test_each_kind_of_result_has_a_topic() -> None:
    assert EACH.keys() == KINDS.keys()
    assert Topics("house").each("events", DOOR) == "house/rtsp-192-168-1-20-stream1/event"


def test_the_last_event_and_change_are_kept_and_predictions_are_not() -> None:
    topics = Topics("house")
    assert topics.last(event()) == "house/rtsp-192-168-1-20-stream1/state"
    assert topics.last(change()) == "house/rtsp-192-168-1-20-stream1/source"
    assert topics.last(prediction()) is None


def test_sources_whose_names_look_alike_have_topics_of_their_own() -> None:
    topics = Topics("house")
    names = [topics.source(address) for address in ("a/b", "a-b", "available", "a/b", "문", "창")]
    assert names[0] == names[3] == "a-b"
    assert len({*names}) == 5
    assert "available" not in names


def test_home_assistant_finds_two_sensors_of_one_device() -> None:
    topics = Topics("house/hall")
    found = {topic: json.loads(text) for topic, text in topics.discovery(DOOR, IDENTITY).items()}
    level = "rtsp-192-168-1-20-stream1"
    label, source = (found[f"homeassistant/sensor/house-hall/{level}-{name}/config"] for name in ("state", "source"))
    assert label["state_topic"] == label["json_attributes_topic"] == topics.last(event())
    assert source["state_topic"] == topics.last(change())
    assert label["value_template"] == "{{ value_json.label }}"
    assert label["availability_topic"] == source["availability_topic"] == "house/hall/available"
    assert label["device"] == source["device"]
    assert (label["device"]["model"], label["device"]["sw_version"]) == ("lamp", "1.0 (0123456789ab) mean.tflite")
    assert label["unique_id"] != source["unique_id"]


def test_another_model_changes_what_home_assistant_is_told() -> None:
    topics = Topics("house")
    before, after = topics.discovery(DOOR, IDENTITY), topics.discovery(DOOR, replace(IDENTITY, version="1.1"))
    assert before.keys() == after.keys()
    assert before != after


@given(st.text(), st.text())
def test_a_slug_is_a_plain_name(one: str, other: str) -> None:
    for text in (one, other):
        name = slug(text)
        assert name
        assert name.isascii()
        assert name.replace("-", "").replace("_", "").isalnum() or set(name) <= set("-_")
        assert len(name) <= 70
    if one != other and not (one.isascii() and other.isascii()):
        assert slug(one) != slug(other)
