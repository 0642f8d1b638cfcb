from pathlib import Path

import pytest

from edge_runtime.addresses import SINKS
from edge_runtime.errors import UsageError
from edge_runtime.sinks.abilities import Choosing
from edge_runtime.sinks.choice import CHANGES, EVERYTHING, KINDS, PREDICTIONS, kind_of
from edge_runtime.sinks.open import open_sink
from tests.edge_runtime.samples import in_a_process
from tests.edge_runtime.sinks.results import change, event, prediction, rejection

RESULTS = {kind_of(result): result for result in (prediction(), event(), change(), rejection())}


@pytest.mark.parametrize(
    ("address", "told", "vital"),
    [
        ("jsonl:-", EVERYTHING, True),
        ("jsonl:results.jsonl", EVERYTHING, False),
        ("sqlite:results.db", EVERYTHING, False),
        ("mqtt://broker", CHANGES, False),
        ("mqtts://broker", CHANGES, False),
        ("webhook+http://host", CHANGES, False),
        ("webhook+https://host", CHANGES, False),
        ("pictures:seen", PREDICTIONS, False),
        ("video:day.mp4", PREDICTIONS, False),
    ],
)
def test_each_address_is_a_sink_that_is_told_what_suits_it(
    address: str, told: frozenset[str], vital: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sink = open_sink(address)
    assert (sink.address, sink.vital) == (address, vital)
    assert isinstance(sink, Choosing)
    assert {kind for kind, result in RESULTS.items() if sink.wants(result)} == told
    assert list(tmp_path.iterdir()) == []  # nothing is opened before it is entered


@pytest.mark.parametrize("name", ["jsonl:-", "jsonl:x", "sqlite:x", "mqtt://x", "webhook+http://x"])
def test_what_is_told_can_be_chosen(name: str) -> None:
    option = "#" if name.startswith("webhook") else "?"
    for kind in KINDS:
        sink = open_sink(f"{name}{option}what={kind}")
        assert isinstance(sink, Choosing)
        assert [other for other, result in RESULTS.items() if sink.wants(result)] == [kind]


def test_all_kinds_of_results_are_known() -> None:
    assert RESULTS.keys() == KINDS.keys()


def test_no_such_sink_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no sink is called 'kafka:'"):
        open_sink("kafka://broker")


def test_help_names_every_kind_of_address() -> None:
    text = " ".join(SINKS)
    assert all(
        name in text for name in ("jsonl:", "sqlite:", "mqtt:", "mqtts:", "webhook+https:", "pictures:", "video:")
    )


@pytest.mark.parametrize(
    ("address", "absent"),
    [
        ("jsonl:-", "sqlite3 ssl paho http.client PIL.ImageDraw cv2"),
        ("sqlite:x", "ssl paho http.client PIL.ImageDraw cv2"),
        ("webhook+http://x", "paho PIL.ImageDraw cv2"),
        ("pictures:x", "sqlite3 ssl paho PIL.ImageDraw cv2"),
        ("video:x.mp4", "sqlite3 ssl paho PIL.ImageDraw cv2"),
    ],
)
def test_nothing_is_imported_for_sinks_that_were_not_asked_for(address: str, absent: str) -> None:
    code = """
import sys
from edge_runtime.sinks.open import open_sink
open_sink(sys.argv[1])
print([name for name in sys.argv[2].split() if name in sys.modules])
"""
    done = in_a_process(code, address, absent)
    assert done.stdout == "[]\n", done.stderr
