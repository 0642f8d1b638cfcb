import hashlib
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_runtime.captures.capture import NoSuchCapture
from edge_runtime.captures.ring import Limits, Ring
from edge_runtime.errors import FieldError, SinkError, UsageError
from tests.edge_runtime.captures.kept import facts, keep, names, picture
from tests.edge_runtime.samples import DEADLINE, in_a_process
from tests.support import ROOT


def ids(ring: Ring) -> list[int]:
    return [capture.number for capture in ring.list()]


def test_a_frame_is_kept_to_the_byte_with_what_is_known_of_it(tmp_path: Path) -> None:
    ring, content = Ring(tmp_path / "captures"), picture(1, format="JPEG")
    kept = ring.add(content, ".jpg", facts())
    assert kept
    assert ring.list() == [kept]
    assert ring.picture(kept.id) == content
    assert kept.id == f"00000001-{hashlib.sha256(content).hexdigest()[:12]}"
    assert (kept.facts, kept.given, kept.media_type) == (facts(), None, "image/jpeg")
    assert names(tmp_path / "captures") == [f"{kept.id}.jpg", f"{kept.id}.json"]


def test_the_newest_come_first_and_no_more_than_asked_for(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    for number in range(5):
        keep(ring, number)
    assert ids(ring) == [5, 4, 3, 2, 1]
    assert [capture.number for capture in ring.list(2)] == [5, 4]
    assert Ring(tmp_path / "nowhere").list() == []


def test_the_same_picture_is_not_kept_twice(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    first = keep(ring, 1)
    assert ring.add(picture(1), ".png", replace(facts(), frame=8)) is None
    assert Ring(tmp_path).add(picture(1), ".png", facts()) is None
    assert ring.list() == [first]


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    ring = Ring(tmp_path, Limits(count=3))
    for number in range(10):
        keep(ring, number)
    assert ids(ring) == [10, 9, 8]
    assert len(names(tmp_path)) == 6


def test_the_oldest_go_when_there_are_too_many_bytes(tmp_path: Path) -> None:
    ring = Ring(tmp_path, Limits(size=5000))
    for number in range(20):
        keep(ring, number)
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 5000
    assert 2 < len(ring.list()) < 20
    assert ids(ring)[0] == 20


def test_what_was_kept_in_an_earlier_life_is_continued_and_a_smaller_ring_shrinks(tmp_path: Path) -> None:
    for number in range(6):
        keep(Ring(tmp_path), number)
    ring = Ring(tmp_path, Limits(count=2))
    assert ids(ring) == [6, 5, 4, 3, 2, 1]
    keep(ring, 6)
    assert ids(ring) == [7, 6]


def test_what_is_labelled_stays_until_it_is_exported(tmp_path: Path) -> None:
    ring = Ring(tmp_path, Limits(count=3))
    first = ring.give_label(keep(ring, 0).id, "bright")
    for number in range(1, 6):
        keep(ring, number)
    assert ids(ring) == [6, 5, 1]
    ring.note_exported([first])
    keep(ring, 6)
    assert ids(ring) == [7, 6, 5]


def test_a_ring_full_of_labels_keeps_nothing_new_and_says_what_to_do(tmp_path: Path) -> None:
    ring = Ring(tmp_path, Limits(count=2))
    kept = [ring.give_label(keep(ring, number).id, "bright") for number in range(2)]
    with pytest.raises(
        SinkError, match=r"2 captures and .* 2 of .* bytes are labelled and not exported: export or remove"
    ):
        ring.add(picture(3), ".png", facts())
    assert ring.list() == kept[::-1]
    ring.remove(kept[0].id)
    assert keep(ring, 3).number == 3


def test_a_frame_larger_than_the_ring_is_refused_and_nothing_goes_for_it(tmp_path: Path) -> None:
    ring = Ring(tmp_path, Limits(size=2000))
    keep(ring, 1)
    with pytest.raises(SinkError, match=r"2,000 bytes are allowed, a frame of .* bytes came"):
        ring.add(picture(2, (40, 40)), ".png", facts())
    assert ids(ring) == [1]


def test_a_label_can_be_given_changed_and_taken_back(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    kept = keep(ring, 1)
    assert ring.give_label(kept.id, "bright") == replace(kept, given="bright")
    assert ring.give_label(kept.id, "neither").given == "neither"
    assert Ring(tmp_path).get(kept.id).given == "neither"
    assert ring.give_label(kept.id, None) == kept


def test_a_label_given_after_an_export_has_not_been_exported(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    before = ring.give_label(keep(ring, 1).id, "bright")
    after = ring.give_label(before.id, "dark")
    ring.note_exported([before])  # an export that began before the label was changed
    assert ring.list() == [after]
    ring.note_exported([after])
    assert ring.get(after.id).exported
    assert not ring.give_label(after.id, "bright").exported


@pytest.mark.parametrize("id", ["00000009-0123456789ab", "../kept", "", "00000001"])
def test_what_is_not_there_can_be_neither_seen_nor_labelled_nor_removed(id: str, tmp_path: Path) -> None:
    ring = Ring(tmp_path / "ring")
    keep(ring, 1)
    (tmp_path / "kept.json").write_text("{}")
    for ask in (ring.get, ring.picture, ring.remove, lambda id: ring.give_label(id, "bright")):
        with pytest.raises(NoSuchCapture):
            ask(id)
    assert (tmp_path / "kept.json").exists()


def test_a_removed_capture_leaves_nothing_behind(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    ring.remove(ring.give_label(keep(ring, 1).id, "bright").id)
    assert names(tmp_path) == []


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    foreign = {"holiday.jpg", "notes.json", ".profile", "00000001-notes.txt", ".x.partial"}
    for name in foreign:
        (tmp_path / name).write_text("mine")
    ring = Ring(tmp_path, Limits(count=1))
    for number in range(3):
        keep(ring, number)
    assert foreign < {path.name for path in tmp_path.iterdir()}
    assert ids(ring) == [3]


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema_version": 2}', b"\xff"])
def test_a_file_that_cannot_be_read_is_told_and_counts_and_is_not_touched(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ring = Ring(tmp_path, Limits(count=2))
    newer = tmp_path / f"{keep(ring, 1).id}.json"
    newer.write_bytes(content)
    for number in range(2, 6):
        keep(ring, number)
    assert ids(ring) == [5]
    assert newer.read_bytes() == content
    assert len(names(tmp_path)) == 4
    assert capsys.readouterr().err.count(f"left alone: {newer}: ") == 1


def test_another_process_may_label_while_this_one_keeps(tmp_path: Path) -> None:
    ours, theirs = Ring(tmp_path, Limits(count=3)), Ring(tmp_path)
    first = keep(ours, 0)
    assert theirs.give_label(first.id, "bright").given == "bright"
    for number in range(1, 6):
        keep(ours, number)
    assert ids(ours) == [6, 5, 1]
    assert ours.get(first.id).given == "bright"


def test_a_clock_that_steps_back_does_not_make_the_new_the_oldest(tmp_path: Path) -> None:
    ring = Ring(tmp_path, Limits(count=2))
    for number, captured_at in enumerate((2e9, 2e9 + 1, 5.0, 6.0)):
        assert ring.add(picture(number), ".png", replace(facts(), captured_at=captured_at))
    assert [capture.captured_at for capture in ring.list()] == [6.0, 5.0]


def test_many_threads_at_once_do_no_harm(tmp_path: Path) -> None:
    rings = [Ring(tmp_path, Limits(count=10)) for _ in range(2)]
    done, looked = threading.Event(), threading.Event()

    def look() -> None:
        looks = 0
        while not done.is_set():
            for capture in rings[looks % 2].list():
                assert capture.to_bytes()
            looks += 1
            looked.set()

    def work(number: int) -> None:
        ring = rings[number % 2]
        kept = keep(ring, number)
        if number % 5 == 0:
            ring.remove(kept.id) if number % 10 else ring.give_label(kept.id, "bright")

    with ThreadPoolExecutor(5) as pool:
        looking = pool.submit(look)
        assert looked.wait(DEADLINE)
        working = [pool.submit(work, number) for number in range(60)]
        try:
            for future in working:
                try:
                    future.result()
                except NoSuchCapture:  # of ten places it has lost its own to newer ones
                    continue
        finally:
            done.set()
        looking.result()
    captures = rings[0].list()
    assert len(captures) == 10
    assert len({capture.number for capture in captures}) == 10
    for capture in captures:
        assert len(rings[0].picture(capture.id)) == capture.size
    assert len(names(tmp_path)) == 20


steps = st.lists(st.tuples(st.sampled_from(["keep", "label", "export", "remove"]), st.integers(0, 9)), max_size=30)


@given(steps)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_whatever_is_done_a_ring_holds_no_more_than_it_may_and_no_unexported_label_is_lost(
    tmp_path: Path, done: list[tuple[str, int]]
) -> None:
    directory = tmp_path / os.urandom(8).hex()
    ring, labelled = Ring(directory, Limits(count=4)), set[str]()
    for verb, number in done:
        captures = ring.list()
        chosen = captures[number % len(captures)] if captures else None
        if verb == "keep":
            try:
                ring.add(picture(number), ".png", facts())
            except SinkError:
                assert len(labelled) == 4
        elif chosen and verb == "label":
            labelled.add(ring.give_label(chosen.id, "bright").id)
        elif chosen and verb == "export":
            ring.note_exported([chosen])
            labelled.discard(chosen.id)
        elif chosen:
            ring.remove(chosen.id)
            labelled.discard(chosen.id)
        present = {capture.id for capture in ring.list()}
        assert len(present) <= 4
        assert labelled <= present
        assert len(list(directory.glob("*-*"))) == 2 * len(present) if directory.exists() else not present


KILLED_AT_A_STEP = """
import os, signal, sys
from pathlib import Path
from edge_runtime.captures.ring import Limits, Ring
from tests.edge_runtime.captures.kept import facts

CHANGES = ("os.mkdir", "os.rename", "os.remove", "tempfile.mkstemp", "open")
left = 0

def die(event, arguments):
    global left
    if event in CHANGES and sys.argv[1] in str(arguments):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

def work(directory):
    ring = Ring(directory, Limits(count=2))
    for number in range(4):
        kept = ring.add(b"GIF8" + bytes([number]) * 100_000, ".gif", facts())
        if number == 2:
            ring.give_label(kept.id, "bright")
    ring.remove(kept.id)
    os._exit(0)

sys.addaudithook(die)
step, status = 0, 9
while status == 9:
    left = step = step + 1
    process = os.fork()
    if not process:
        work(Path(sys.argv[1]) / str(step))
    status = os.waitpid(process, 0)[1]
print(step, status)
"""


def test_a_process_killed_at_any_step_leaves_a_ring_that_the_next_one_continues(tmp_path: Path) -> None:
    """The process ends itself with SIGKILL before the n-th change of a file, for every n until it comes through."""
    done = in_a_process(KILLED_AT_A_STEP, tmp_path)
    steps, status = map(int, done.stdout.split())
    assert status == 0, done.stderr
    assert steps > 20, "there must be something to interrupt"
    for step in range(1, steps + 1):
        directory = tmp_path / str(step)
        ring = Ring(directory, Limits(count=2))
        assert len(ring.list()) <= 2
        for capture in ring.list():  # whole, also for a reader that comes before anybody has cleaned up
            assert hashlib.sha256(ring.picture(capture.id)).hexdigest().startswith(capture.id[-12:])
        keep(ring, 1)
        assert 1 <= len(ring.list()) <= 2
        assert len(names(directory)) == 2 * len(ring.list())


KILLED_ANY_TIME = """
import itertools, os, sys
from pathlib import Path
from edge_runtime.captures.ring import Limits, Ring
from tests.edge_runtime.captures.kept import facts

ring = Ring(Path(sys.argv[1]), Limits(count=5))
for number in itertools.count():
    ring.add(b"GIF8" + os.urandom(300_000), ".gif", facts())
    print(number, flush=True)
"""


def test_a_process_killed_from_outside_in_the_middle_of_writing_leaves_whole_captures(tmp_path: Path) -> None:
    ring = Ring(tmp_path, Limits(count=5))
    for writes in range(1, 9):
        command = [sys.executable, "-c", KILLED_ANY_TIME, str(tmp_path)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for _ in range(writes):
                assert process.stdout.readline()
            process.kill()
        assert 1 <= len(ring.list()) <= 5
        for capture in ring.list():
            assert hashlib.sha256(ring.picture(capture.id)).hexdigest().startswith(capture.id[-12:])
    ring.prepare()
    assert len(names(tmp_path)) == 2 * len(ring.list())


REFUSED_BY_THE_KERNEL = """
import resource, signal, sys
from pathlib import Path
from edge_runtime.captures.ring import Ring
from edge_runtime.errors import SinkError
from tests.edge_runtime.captures.kept import facts, keep, names, picture

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
ring = Ring(Path(sys.argv[1]))
first = keep(ring, 1)
for room in (100, 1000):  # too little for the picture; enough for that, but not for its JSON
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        ring.add(picture(2) if room > 100 else picture(3, (20, 20)), ".png", facts("x" * 1000))
    except SinkError as error:
        print(error)
    try:
        ring.give_label(first.id, "x" * 200) if room == 100 else None
    except SinkError as error:
        print(error)
    print(ring.list() == [first])
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(keep(ring, 2).number, len(names(Path(sys.argv[1]))))
"""


def test_a_disk_that_takes_no_more_is_an_error_and_harms_nothing_and_later_it_goes_on(tmp_path: Path) -> None:
    done = in_a_process(REFUSED_BY_THE_KERNEL, tmp_path)
    refused = f"captures:{tmp_path}: cannot be written: File too large"
    assert done.stdout.splitlines() == [refused, refused, "True", refused, "True", "2 4"], done.stderr


def test_a_directory_that_cannot_be_used_is_an_error_of_the_sink(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    ring = Ring(tmp_path / "file")
    with pytest.raises(SinkError, match="file is a file, where a directory is wanted"):
        ring.prepare()
    with pytest.raises(SinkError, match="file: cannot be read: Not a directory"):
        ring.list()


def test_labels_that_no_dataset_could_have_are_refused(tmp_path: Path) -> None:
    ring = Ring(tmp_path)
    kept = keep(ring, 1)
    with pytest.raises(UsageError, match="hidden"):
        ring.give_label(kept.id, "../elsewhere")
    assert ring.list() == [kept]


@pytest.mark.parametrize("limits", [{"count": 0}, {"size": 0}])
def test_a_ring_for_nothing_is_refused(limits: dict[str, int]) -> None:
    with pytest.raises(FieldError, match="1 or more expected, 0 found"):
        Limits(**limits)
