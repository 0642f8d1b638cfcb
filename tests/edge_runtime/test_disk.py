import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_runtime.captures.address import open_captures
from edge_runtime.checking import Checking
from edge_runtime.disk import make_directory, unwritable_directory, unwritable_file
from edge_runtime.errors import SinkError
from edge_runtime.sinks import Sink
from edge_runtime.sinks.open import open_sink
from tests.edge_runtime.samples import in_a_process

ADDRESSES = (
    "jsonl:{}/x.jsonl",
    "sqlite:{}/x.db",
    "pictures:{}",
    "video:{}/x.avi",
    "captures:{}",
    "mqtt://127.0.0.1:1?outbox={}/x.db",
    "webhook+http://127.0.0.1:1#outbox={}/x.db",
)
# Whoever runs the tests, root too, is nobody here: root may write anywhere.
AS_NOBODY = """
import os, sys
from edge_runtime.errors import SinkError
from tests.edge_runtime.test_disk import opened
for address in sys.argv[1:]:
    sink = opened(address)
    if os.geteuid() == 0:
        with opened(address.replace("/mine/", "/theirs/")):
            pass  # imports what it needs
        os.setgid(65534)
        os.setuid(65534)
    for attempt in (sink.check, opened(address).__enter__):
        try:
            attempt()
        except SinkError as error:
            print(error)
"""


def opened(address: str) -> Sink:
    return open_captures(address) if address.startswith("captures:") else open_sink(address)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that everybody may pass through, as pytest's own is not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_path_with_more_than_its_last_directory_missing_is_refused_and_nothing_is_made(
    address: str, tmp_path: Path
) -> None:
    sink = opened(address.format(tmp_path / "vra" / "log" / "edge"))
    assert isinstance(sink, Checking)
    for attempt in (sink.check, sink.__enter__):
        with pytest.raises(SinkError) as refused:
            attempt()
        assert f"cannot be written: there is no directory {tmp_path}/vra; mend the path, or make it" in str(
            refused.value
        )
        assert str(refused.value).startswith(sink.address)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("address", [each for each in ADDRESSES if not each.startswith("video")])
def test_the_last_directory_is_made(address: str, tmp_path: Path) -> None:
    sink = opened(address.format(tmp_path / "log"))
    assert isinstance(sink, Checking)
    sink.check()
    assert list(tmp_path.iterdir()) == []  # to look changes nothing
    with sink:
        pass
    # An outbox is made once something has to wait.
    assert (tmp_path / "log").is_dir() or "outbox" in address


def test_the_command_that_is_proposed_makes_what_is_missing(tmp_path: Path) -> None:
    place = tmp_path / "a b" / "c" / "d"
    advice = unwritable_directory(place)
    command = advice.rpartition("make it: ")[2]
    assert os.system(command) == 0
    assert unwritable_directory(place) == ""
    make_directory(place)
    assert place.is_dir()


def test_a_relative_path_begins_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert unwritable_file(Path("x.jsonl")) == unwritable_file(Path("log/x.jsonl")) == ""
    assert unwritable_file(Path("a/b/x.jsonl")).startswith(f"there is no directory {tmp_path}/a; ")


@pytest.mark.parametrize("address", ["jsonl:{}/x.jsonl", "sqlite:{}/x.db", "pictures:{}", "captures:{}"])
def test_who_may_not_write_is_named_with_the_place_and_what_to_do(address: str, shared: Path) -> None:
    place = shared / "mine"
    place.mkdir(0o555)
    (shared / "theirs").mkdir()
    done = in_a_process(AS_NOBODY, address.format(place / "new"))
    assert done.returncode == 0, done.stderr
    told = done.stdout.splitlines()
    assert len(told) == 2
    for line in told:
        assert line.startswith(f"{address.format(place / 'new')}: cannot be written: user ")
        assert line.endswith(f"may not write into {place}; allow it, or name another place")
    place.chmod(stat.S_IRWXU)


def test_what_may_not_be_looked_at_is_a_matter_of_permission(shared: Path) -> None:
    (shared / "mine").mkdir(0o500)
    code = """
import os, sys
from pathlib import Path
from edge_runtime.disk import unwritable_file
if os.geteuid() == 0:
    os.setuid(65534)
else:
    os.chmod(sys.argv[1], 0)
print(unwritable_file(Path(sys.argv[1]) / "a" / "b" / "x.jsonl"))
"""
    done = in_a_process(code, shared / "mine")
    assert f"may not write into {shared}/mine; allow it" in done.stdout, done.stderr
    (shared / "mine").chmod(stat.S_IRWXU)
