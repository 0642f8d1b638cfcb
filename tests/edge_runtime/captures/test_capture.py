import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.captures.capture import Capture, NoSuchCapture, Part, checked_id, checked_label, from_bytes
from edge_runtime.errors import FieldError, UsageError
from tests.edge_runtime.captures.kept import facts

ID = "00000012-0123456789ab"
CAPTURE = Capture(ID, f"{ID}.jpg", 1234, facts(), "bright", True)


@pytest.mark.parametrize(
    "capture",
    [
        CAPTURE,
        dataclasses.replace(CAPTURE, given=None, exported=False),
        dataclasses.replace(CAPTURE, facts=facts("잠긴 문", "random", Part(0.25, 0, 0.75, 1)), given="열린 문"),
    ],
)
def test_a_capture_comes_back_from_its_file_as_it_was(capture: Capture) -> None:
    assert from_bytes(capture.to_bytes(), "x.json") == capture


def test_a_capture_tells_what_is_asked_for_most() -> None:
    assert (CAPTURE.source, CAPTURE.label, CAPTURE.score, CAPTURE.reason) == ("camera:", "dark", 0.55, "uncertain")
    assert (CAPTURE.captured_at, CAPTURE.number, CAPTURE.media_type) == (1_800_000_000.25, 12, "image/jpeg")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "x.json: schema version 1 expected, 2 found"),
        ({"picture": "../../etc/passwd"}, "x.json: picture: a file of capture"),
        ({"picture": f"{ID}.exe"}, "x.json: picture: a file of capture"),
        ({"picture": "00000013-0123456789ab.jpg"}, "x.json: picture: a file of capture"),
        ({"sise": 1}, "x.json: unknown field 'sise'; did you mean 'size'?"),
        ({"given": 1}, "x.json: given: text expected, 1 found"),
    ],
)
def test_a_file_that_says_something_else_is_refused(change: dict[str, object], message: str) -> None:
    raw = json.loads(CAPTURE.to_bytes()) | change
    with pytest.raises(FieldError) as refused:
        from_bytes(json.dumps(raw).encode(), "x.json")
    assert str(refused.value).startswith(message)


@given(st.text())
def test_no_text_but_an_id_passes_for_one(text: str) -> None:
    with pytest.raises(NoSuchCapture):
        checked_id(text)


@pytest.mark.parametrize(
    "text", ["../00000012-0123456789ab", f"{ID}/..", f"{ID}\n", f"{ID}.json", "", "٠" * 8 + ID[8:]]
)
def test_an_id_leads_nowhere_else(text: str) -> None:
    with pytest.raises(NoSuchCapture):
        checked_id(text)


@pytest.mark.parametrize("label", ["Ankle boot", "T-shirt/top", "열린 문", "unknown", "a.b", "x" * 200])
def test_what_people_call_things_is_a_label(label: str) -> None:
    assert checked_label(label) == label


@pytest.mark.parametrize("label", ["", " ", " boot", "boot ", "a\nb", "a\0b", ".git", "..", ".", "x" * 201, "\ud800"])
def test_what_cannot_be_a_folder_of_a_dataset_is_no_label(label: str) -> None:
    with pytest.raises(UsageError, match="label "):
        checked_label(label)
