import pytest

from edge_runtime.sinks.untold import untold


@pytest.mark.parametrize("sink", ["mqtt://broker/edge", "jsonl:x?what=events", "pictures:x?what=events"])
def test_a_sink_that_waits_for_events_of_a_source_that_makes_none_is_named_with_what_to_do(sink: str) -> None:
    assert untold(["jsonl:-", sink], ["watch:in"]) == (
        f"{sink.partition('?')[0]}: waits for events, and watch:in makes none; for a result of each picture add "
        '?what=predictions to the sink\'s address, for events set sources = "all" under [events] in the configuration'
    )


def test_it_is_one_line_whatever_there_is_and_says_no_secret() -> None:
    line = untold(["mqtt://user:secret@a", "webhook+https://b/secret#keep=5"], ["watch:in", "pictures"])
    assert line.startswith("mqtt://***@a, webhook+https://b/***: waits for events, and watch:in, pictures makes none; ")
    assert "add ?what=predictions or #what=predictions to" in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("sinks", "eventless"),
    [
        (["mqtt://broker"], []),
        (["jsonl:-", "sqlite:x", "pictures:y"], ["watch:in"]),
        (["mqtt://broker?what=predictions"], ["watch:in"]),
        (["webhook+http://host#what=events,predictions"], ["watch:in"]),
        (["jsonl:-?what=rejections"], ["watch:in"]),
        ([], ["watch:in"]),
    ],
)
def test_where_nobody_waits_for_ever_nothing_is_said(sinks: list[str], eventless: list[str]) -> None:
    assert untold(sinks, eventless) == ""
