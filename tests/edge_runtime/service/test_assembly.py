from pathlib import Path

import pytest

from edge_runtime.service.assembly import lanes_of, warn
from edge_runtime.service.settings import settings_of


def told(capsys: pytest.CaptureFixture[str], sinks: list[str], source: str, events: str = "live") -> str:
    raw: dict[str, object] = {
        "bundle": "x",
        "source": [{"address": source}],
        "sinks": sinks,
        "events": {"sources": events},
    }
    settings = settings_of(raw, "run")
    warn(settings, lanes_of(settings), ("dark", "bright"))
    return capsys.readouterr().err


def test_who_tells_a_broker_of_files_is_warned_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    err = told(capsys, ["mqtt://broker/edge", f"captures:{tmp_path}"], f"watch:{tmp_path}")
    assert err.startswith(
        f"edge-runtime: warning: mqtt://broker/edge: waits for events, and watch:{tmp_path} makes none"
    )
    assert err.count("\n") == 1


@pytest.mark.parametrize(("source", "events"), [("/dev/video0", "live"), ("watch:in", "all")])
def test_where_events_are_made_nobody_is_warned(source: str, events: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, ["mqtt://broker/edge"], source, events) == ""


def test_who_wants_no_events_of_a_camera_is_warned_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert "waits for events, and /dev/video0 makes none" in told(capsys, ["mqtt://broker"], "/dev/video0", "none")


def test_a_label_that_would_never_be_drawn_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    err = told(capsys, ["pictures:x?labels=brihgt,unknown"], "/dev/video0")
    assert err == "edge-runtime: warning: pictures:x: labels: 'brihgt' is none of the model's; did you mean 'bright'?\n"
    assert told(capsys, ["pictures:x?labels=dark,unknown", "pictures:y"], "/dev/video0") == ""
