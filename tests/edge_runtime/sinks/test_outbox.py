import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import SinkError
from edge_runtime.sinks.outbox import MOVE_AFTER, Outbox
from tests.edge_runtime.samples import in_a_process
from tests.support import ROOT

MADE: list[Outbox] = []


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    yield
    while MADE:
        MADE.pop().close()


def outbox(
    path: Path | None = None, keep: int = 1000, size: int | None = None, clock: Callable[[], float] = time.monotonic
) -> Outbox:
    box = Outbox(path, keep, size, clock)
    MADE.append(box)
    box.open()
    return box


def add(box: Outbox, *bodies: str, lasting: bool = True) -> None:
    for body in bodies:
        box.add(body, "topic", lasting=lasting)


def bodies(box: Outbox) -> list[str]:
    return [letter.body for letter in box.first(10_000)]


def take(box: Outbox, count: int) -> list[str]:
    """Delivers some."""
    letters = box.first(count)
    box.remove(letters)
    return [letter.body for letter in letters]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.db"


def test_what_is_added_comes_out_in_order_and_stays_until_it_is_removed(path: Path) -> None:
    for box in (outbox(), outbox(path)):
        add(box, "a", "b", "c")
        assert bodies(box) == ["a", "b", "c"]
        assert [letter.topic for letter in box.first(1)] == ["topic"]
        assert take(box, 2) == ["a", "b"]
        assert (bodies(box), len(box), box.lost) == (["c"], 1, 0)


def test_nothing_is_written_while_the_receiver_answers(path: Path) -> None:
    box = outbox(path)
    for _ in range(100):
        add(box, "a", "b")
        take(box, 2)
        box.look()
    assert list(path.parent.iterdir()) == []
    box.close()
    assert list(path.parent.iterdir()) == []


def test_an_outage_moves_to_disk_what_waits_and_what_follows_and_its_end_removes_the_file(path: Path) -> None:
    box = outbox(path)
    add(box, "a", "b")
    box.save()
    assert path.exists()
    add(box, "c")
    assert bodies(box) == ["a", "b", "c"]
    assert take(box, 3) == ["a", "b", "c"]
    assert list(path.parent.iterdir()) == []
    add(box, "d")
    assert bodies(box) == ["d"]
    assert list(path.parent.iterdir()) == []


def test_what_was_not_confirmed_for_long_moves_to_disk(path: Path) -> None:
    now = [100.0]
    box = outbox(path, clock=lambda: now[0])
    add(box, "a")
    now[0] += MOVE_AFTER - 1
    add(box, "b")
    box.look()
    assert not path.exists()
    now[0] += 2
    box.look()
    assert path.exists()
    assert bodies(box) == ["a", "b"]


def test_the_next_life_delivers_first_what_the_last_one_left(path: Path) -> None:
    box = outbox(path)
    add(box, "a", "신발")
    box.close()
    assert (len(box), box.lost) == (0, 0)
    box = outbox(path)
    add(box, "c")
    assert len(box) == 3
    assert bodies(box) == ["a", "신발", "c"]


def test_without_a_place_nothing_is_written_and_what_waits_at_the_end_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    box = outbox()
    add(box, "a", "b")
    box.save()
    box.close()
    assert box.lost == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("saved", [False, True])
def test_the_oldest_make_room_and_are_counted(path: Path, saved: bool) -> None:
    box = outbox(path, keep=3)
    add(box, "a", "b", "c")
    if saved:
        box.save()
    add(box, "d", "e")
    assert (bodies(box), box.lost) == (["c", "d", "e"], 2)


@pytest.mark.parametrize("saved", [False, True])
def test_what_is_under_way_makes_room_last(path: Path, saved: bool) -> None:
    box = outbox(path, keep=3)
    add(box, "a", "b", "c")
    box.in_hand = box.first(2)[-1].number
    if saved:
        box.save()
    add(box, "d", "e")
    assert (bodies(box), box.lost) == (["a", "b", "e"], 2)
    box.in_hand = box.first(3)[-1].number
    add(box, "f")
    assert (bodies(box), box.lost) == (["a", "b", "e"], 3)
    box.in_hand += 9
    add(box, "g")
    assert (bodies(box), box.lost) == (["b", "e", "g"], 4)


@pytest.mark.parametrize("saved", [False, True])
def test_bytes_are_bounded_too(path: Path, saved: bool) -> None:
    box = outbox(path, size=100)
    add(box, "a" * 40, "신" * 10)
    if saved:
        box.save()
    add(box, "c" * 31)
    assert (bodies(box), box.lost) == (["신" * 10, "c" * 31], 1)
    add(box, "d" * 101)  # larger than all that there is room for
    assert (bodies(box), box.lost, len(box)) == ([], 4, 0)


@pytest.mark.parametrize("saved", [0, 2, 4])
def test_predictions_make_room_before_events(path: Path, saved: int) -> None:
    box = outbox(path, keep=4)
    for number, (body, lasting) in enumerate([("e1", True), ("p1", False), ("e2", True), ("p2", False)]):
        if number == saved:
            box.save()
        add(box, body, lasting=lasting)
    if saved == 4:
        box.save()
    add(box, "e3")
    assert bodies(box) == ["e1", "e2", "p2", "e3"]
    add(box, "e4", "e5")
    assert bodies(box) == ["e2", "e3", "e4", "e5"]
    assert box.lost == 3


@given(
    st.lists(st.sampled_from(["add", "add fleeting", "take 1", "take 3", "save", "reopen"]), max_size=40),
    st.integers(1, 5),
)
def test_it_behaves_like_a_list_wherever_things_are(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str], keep: int
) -> None:
    path = tmp_path_factory.mktemp("box") / "outbox.db"
    box, model, lost = outbox(path, keep), list[tuple[str, bool]](), 0
    for number, action in enumerate(actions):
        if action.startswith("add"):
            lasting = action == "add"
            add(box, str(number), lasting=lasting)
            model.append((str(number), lasting))
            if len(model) > keep:
                model.remove(next((entry for entry in model if not entry[1]), model[0]))
                lost += 1
        elif action.startswith("take"):
            count = int(action[-1])
            assert take(box, count) == [body for body, _ in model[:count]]
            del model[:count]
        elif action == "save":
            box.save()
        else:
            lost_before = box.lost
            box.close()
            assert box.lost == lost_before
            box = outbox(path, keep)
            box.lost = lost_before
        assert (bodies(box), len(box), box.lost) == ([body for body, _ in model], len(model), lost)
    box.close()
    assert path.exists() == bool(model)


def killed_soon(code: str, path: Path, after: int) -> int:
    """Runs `code`, which prints numbers, kills it soon after number `after`, and returns the last it printed."""
    last = -1
    with subprocess.Popen([sys.executable, "-c", code, path], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            last = int(line)
            if last >= after:
                process.kill()  # it goes on meanwhile: the rest of what it printed is read too
    return last


def test_a_process_that_is_killed_during_an_outage_leaves_all_it_was_given(path: Path) -> None:
    code = """
import sys
from pathlib import Path
from edge_runtime.sinks.outbox import Outbox
box = Outbox(Path(sys.argv[1]), 10**6)
box.open()
number = len(box)
while True:
    box.add(str(number), lasting=True)
    box.save()
    print(number, flush=True)
    number += 1
"""
    told = -1
    for _ in range(3):
        told = killed_soon(code, path, told + 200)
        box = outbox(path, 10**6)
        found = bodies(box)
        box.close()
        assert found == [str(number) for number in range(len(found))]
        assert told + 1 <= len(found) <= told + 2


def test_a_process_that_is_killed_while_it_delivers_loses_nothing_and_repeats_one_at_most(path: Path) -> None:
    box = outbox(path, 10**6)
    add(box, *map(str, range(2000)))
    box.close()
    code = """
import sys
from pathlib import Path
from edge_runtime.sinks.outbox import Outbox
box = Outbox(Path(sys.argv[1]), 10**6)
box.open()
while letters := box.first(1):
    print(letters[0].body, flush=True)
    box.remove(letters)
"""
    told = killed_soon(code, path, 150)
    box = outbox(path, 10**6)
    assert bodies(box)[0] in (str(told), str(told + 1))
    assert bodies(box)[-1] == "1999"
    box.close()


def test_two_processes_do_not_deliver_the_same_things(path: Path) -> None:
    box = outbox(path)
    add(box, "a")
    box.save()
    with pytest.raises(SinkError, match=r"outbox.db: database is locked; another process uses it; name another file"):
        outbox(path)
    box.close()


@pytest.mark.parametrize(
    "damage",
    [lambda content: b"no database at all " * 100, lambda content: content[:4096] + b"\xff" * (len(content) - 4096)],
    ids=["other", "overwritten"],
)
def test_a_damaged_file_is_put_aside_and_said_so_and_the_device_goes_on(
    path: Path, damage: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    box = outbox(path)
    add(box, *["x" * 1000] * 50)
    box.close()
    path.write_bytes(damage(path.read_bytes()))
    box = outbox(path)
    assert len(box) == 0
    assert "outbox.db: is damaged" in capsys.readouterr().err
    assert path.with_name("outbox.db.damaged").exists()
    add(box, "a")
    box.save()
    assert bodies(box) == ["a"]
    box.close()


def test_a_place_that_cannot_be_written_keeps_things_in_memory_and_says_so(tmp_path: Path) -> None:
    place = tmp_path / "sub"
    place.write_text("a file")
    box = outbox(place / "outbox.db")
    add(box, "a")
    box.save()
    assert "sub/outbox.db: cannot be written: " in box.trouble
    assert bodies(box) == ["a"]
    place.unlink()
    box.look()
    assert box.trouble == ""
    assert (place / "outbox.db").exists()
    box.close()


def test_a_full_disk_loses_nothing_and_repeats_nothing(path: Path) -> None:
    code = """
import resource, sys
from pathlib import Path
from edge_runtime.sinks.outbox import Outbox
path = Path(sys.argv[1])
box = Outbox(path, 1000)
box.open()
for number in range(5):
    box.add(str(number), lasting=True)
box.save()
resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name(path.name + "-wal").stat().st_size + 100, -1))
box.add("5", lasting=True)
assert "outbox.db: " in box.trouble, box.trouble
assert [letter.body for letter in box.first(9)] == list("012345")
box.remove(box.first(2))
assert box.trouble
assert [letter.body for letter in box.first(9)] == list("2345"), box.first(9)
assert len(box) == 4
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
box.look()
assert not box.trouble
box.add("6", lasting=True)
assert [letter.body for letter in box.first(9)] == list("23456")
box.close()
"""
    done = in_a_process(code, path)
    assert done.returncode == 0, done.stderr
    box = outbox(path)
    assert bodies(box) == list("23456")
    box.close()


def test_its_file_is_an_ordinary_database(path: Path) -> None:
    box = outbox(path)
    add(box, "a")
    box.close()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT * FROM waiting").fetchall() == [(1, "topic", "a", 1)]
