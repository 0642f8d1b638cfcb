import json
from pathlib import Path

import pytest

from edge_runtime.timings import place, recall, remember


def test_what_is_remembered_is_recalled_by_its_key_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "auto.json"
    remember(path, "this", {"a": 0.5, "b": None})
    remember(path, "that", {"a": 0.25})
    assert recall(path, "this") == {"a": 0.5, "b": None}
    assert recall(path, "that") == {"a": 0.25}
    assert recall(path, "other") == {}


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "auto.json"
    for number in range(40):
        remember(path, str(number), {"a": 1.0})
    assert recall(path, "39")
    assert not recall(path, "0")
    assert len(json.loads(path.read_text())["seconds"]) == 16


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"version": 1}', b'{"version": 2, "seconds": {"k": {"a": 1}}}',
        b'{"version": 1, "seconds": {"k": 7}}', b'{"version": 1, "seconds": {"k": {"a": "fast"}}}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_file_is_as_good_as_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "auto.json"
    path.write_bytes(content)
    assert recall(path, "k") == {}
    remember(path, "k", {"a": 1.0})
    assert recall(path, "k") == {"a": 1.0}


def test_where_nothing_can_be_written_nothing_is_and_that_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    remember(tmp_path / "file" / "auto.json", "k", {"a": 1.0})
    assert recall(tmp_path / "file" / "auto.json", "k") == {}


def test_the_file_is_in_systemds_cache_directory_else_in_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CACHE_DIRECTORY")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert place() == Path("/cache/edge-runtime/auto.json")
    monkeypatch.setenv("CACHE_DIRECTORY", "/var/cache/edge-runtime:/var/cache/other")
    assert place() == Path("/var/cache/edge-runtime/auto.json")
    monkeypatch.delenv("CACHE_DIRECTORY")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/pi")
    assert place() == Path("/home/pi/.cache/edge-runtime/auto.json")
