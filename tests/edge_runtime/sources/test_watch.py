import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge_runtime.errors import SourceError
from edge_runtime.sources import Frame, Notice, Picture
from edge_runtime.sources.watch import WatchSource, has_end, settled
from tests.edge_runtime.samples import DEADLINE, eventually, save

INTERVAL = 0.05


def picture(item: Frame | Notice) -> Picture:
    assert isinstance(item, Frame)
    return item.picture


class Watched:
    """A watched directory; `next` gives what is picked up, in time."""

    def __init__(self, directory: Path, stop: threading.Event, pool: ThreadPoolExecutor) -> None:
        self.directory = directory
        self.source = WatchSource(str(directory), interval=INTERVAL)
        self.source.__enter__()
        self._frames = self.source.frames(stop)
        self._stop = stop
        self._pool = pool

    def next(self) -> Frame:
        frame = self.item()
        assert isinstance(frame, Frame)
        return frame

    def item(self) -> Any:
        return self._pool.submit(next, self._frames).result(DEADLINE)

    def rest(self) -> list[Frame | Notice]:
        self._stop.set()
        return list(self._frames)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    directory, stop = tmp_path / "받은 사진", threading.Event()
    save(directory / "old.png")
    with ThreadPoolExecutor() as pool:
        yield Watched(directory, stop, pool)
        stop.set()


def test_a_new_picture_is_picked_up_and_an_old_one_left_alone(watched: Watched) -> None:
    new = save(watched.directory / "새 사진 1.png")
    frame = watched.next()
    assert (frame.picture, frame.source, frame.number) == (new, watched.source.address, 0)
    assert not watched.source.live


def test_a_picture_that_is_written_slowly_is_picked_up_once_and_whole(tmp_path: Path) -> None:
    content = save(tmp_path / "whole.png", size=(80, 60)).read_bytes()
    directory, stop = tmp_path / "in", threading.Event()
    directory.mkdir()
    source = WatchSource(str(directory), interval=0.4)
    with source, ThreadPoolExecutor() as pool:
        frames = source.frames(stop)
        picked = pool.submit(next, frames)
        with (directory / "growing.png").open("wb", buffering=0) as file:
            for part in range(40):  # over more than two looks, with many writes between any two
                assert not picked.done()
                file.write(content[part : part + 1] if part < 39 else content[39:])
                stop.wait(0.025)
        with Image.open(directory / "growing.png") as image:
            image.load()
        assert picture(picked.result(DEADLINE)) == directory / "growing.png"
        marker = save(directory / "z marker.png")
        assert picture(pool.submit(next, frames).result(DEADLINE)) == marker  # and not growing.png once more
        stop.set()


def test_a_picture_that_is_renamed_into_place_is_picked_up(watched: Watched) -> None:
    hidden = save(watched.directory / ".upload.png")
    marker = save(watched.directory / "marker.png")
    assert watched.next().picture == marker
    hidden.rename(watched.directory / "arrived.png")
    assert watched.next().picture == watched.directory / "arrived.png"


def test_what_is_no_picture_or_empty_is_left_alone(watched: Watched) -> None:
    (watched.directory / "notes.txt").write_text("x")
    (watched.directory / "empty.png").write_bytes(b"")
    (watched.directory / "half.png.part").write_bytes(b"x")
    (watched.directory / "folder.png").mkdir()
    marker = save(watched.directory / "z.png")
    assert watched.next().picture == marker
    assert watched.rest() == []


def test_a_picture_that_is_written_again_is_a_new_picture(watched: Watched) -> None:
    path = save(watched.directory / "door.png", value=10)
    assert watched.next().picture == path
    save(watched.directory / "door.png", value=200, size=(90, 70))
    again = watched.next()
    assert (again.picture, again.number) == (path, 1)


def test_a_picture_that_vanishes_and_comes_back_is_a_new_picture(watched: Watched) -> None:
    path = save(watched.directory / "door.png")
    assert watched.next().picture == path
    content = path.read_bytes()
    path.unlink()
    marker = save(watched.directory / "marker.png")
    assert watched.next().picture == marker
    path.write_bytes(content)
    assert watched.next().picture == path


def test_pictures_come_in_the_order_of_their_modification(watched: Watched) -> None:
    paths = [save(watched.directory / f"{name}.png") for name in "cab"]
    assert [watched.next().picture for _ in paths] == paths


def test_what_no_waiting_makes_a_directory_is_refused_when_it_is_entered(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for name in ("file", "file/below"):
        source = WatchSource(str(tmp_path / name))
        with pytest.raises(SourceError, match=f"watch:.*/{name}: cannot be read: Not a directory; watch:DIR expected"):
            source.__enter__()


@pytest.mark.parametrize("existing", [False, True])
def test_a_missing_directory_is_waited_for_and_what_it_brings_along_lay_there_before(
    existing: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory, stop = tmp_path / "stick", threading.Event()
    old = save(tmp_path / "made elsewhere" / "old.png")
    source = WatchSource(str(directory), existing, interval=INTERVAL)
    with pytest.raises(SourceError, match=r"^cannot be read: No such file or directory$"):
        source.check()
    with source, ThreadPoolExecutor() as pool:
        assert capsys.readouterr().err == (
            f"edge-runtime: watch:{directory}: cannot be read: No such file or directory; it is waited for\n"
        )
        frames = source.frames(stop)
        assert pool.submit(next, frames).result(DEADLINE) == Notice("lost", "cannot be read: No such file or directory")
        old.parent.rename(directory)
        assert pool.submit(next, frames).result(DEADLINE) == Notice("live")
        if existing:
            assert picture(pool.submit(next, frames).result(DEADLINE)) == directory / "old.png"
        picking = pool.submit(next, frames)
        eventually(lambda: existing or "1 picture is there already" in capsys.readouterr().err, "it has been looked at")
        new = save(directory / "new.png")
        assert picture(picking.result(DEADLINE)) == new
        stop.set()


def test_pictures_of_what_is_mounted_over_an_empty_directory_lay_there_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A link that is turned to another file system stands for the mount, which only root could make."""
    (tmp_path / "empty").mkdir()
    link, stop = tmp_path / "mount", threading.Event()
    link.symlink_to("empty")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as disk:
        if Path(disk).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("there is no second file system here")
        save(Path(disk) / "old.png")
        source = WatchSource(str(link), interval=INTERVAL)
        with source, ThreadPoolExecutor() as pool:
            frames = source.frames(stop)
            picking = pool.submit(next, frames)
            (tmp_path / "turned").symlink_to(disk)
            (tmp_path / "turned").replace(link)
            eventually(lambda: "1 picture is there already" in capsys.readouterr().err, "it has been looked at")
            save(Path(disk) / "new.png")
            assert picture(picking.result(DEADLINE)) == link / "new.png"
            stop.set()


def test_a_directory_that_vanishes_is_lost_and_when_it_is_back_new_pictures_are_picked_up(watched: Watched) -> None:
    shot = save(watched.directory / "shot.png")
    assert watched.next().picture == shot
    away = watched.directory.rename(watched.directory.with_name("away"))
    assert watched.item() == Notice("lost", "cannot be read: No such file or directory")
    save(away / "meanwhile.png")
    away.rename(watched.directory)
    assert watched.item() == Notice("live")
    frame = watched.next()  # and neither shot.png nor old.png, which were dealt with before
    assert (frame.picture, frame.number) == (watched.directory / "meanwhile.png", 1)
    assert watched.rest() == []


def test_a_mount_point_that_is_empty_for_a_while_makes_no_picture_new(watched: Watched) -> None:
    away = watched.directory.rename(watched.directory.with_name("away"))
    assert watched.item() == Notice("lost", "cannot be read: No such file or directory")
    watched.directory.mkdir()
    assert watched.item() == Notice("live")
    watched.directory.rmdir()
    assert watched.item().state == "lost"
    away.rename(watched.directory)
    assert watched.item() == Notice("live")
    marker = save(watched.directory / "z marker.png")
    assert watched.next().picture == marker


def test_a_stop_is_heard_while_the_directory_is_away(watched: Watched) -> None:
    watched.directory.rename(watched.directory.with_name("away"))
    assert watched.item().state == "lost"
    assert watched.rest() == []


def test_what_lies_there_already_comes_first_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = [save(tmp_path / f"{name}.png") for name in "ba"]
    stop = threading.Event()
    source = WatchSource(str(tmp_path), existing=True, interval=INTERVAL)
    with source, ThreadPoolExecutor() as pool:
        frames = source.frames(stop)
        assert [picture(pool.submit(next, frames).result(DEADLINE)) for _ in old] == old
        new = save(tmp_path / "c.png")
        assert picture(pool.submit(next, frames).result(DEADLINE)) == new
        stop.set()
    assert capsys.readouterr().err == ""


A, B = Path("a.png"), Path("b.png")


@pytest.mark.parametrize(
    ("before", "seen", "done", "ready"),
    [
        ({}, {A: (5, 1)}, {}, []),  # first look
        ({A: (5, 1)}, {A: (5, 1)}, {}, [A]),
        ({A: (5, 1)}, {A: (9, 2)}, {}, []),  # still growing
        ({A: (5, 1)}, {A: (5, 2)}, {}, []),  # rewritten in place
        ({A: (0, 1)}, {A: (0, 1)}, {}, []),  # empty
        ({A: (5, 1)}, {A: (5, 1)}, {A: (5, 1)}, []),  # done
        ({A: (5, 2)}, {A: (5, 2)}, {A: (5, 1)}, [A]),  # another one since
        ({A: (5, 2), B: (5, 1)}, {A: (5, 2), B: (5, 1)}, {}, [B, A]),
        ({A: (5, 1)}, {}, {}, []),  # gone
    ],
)
def test_complete_and_new_is_what_two_looks_find_unchanged(
    before: dict[Path, tuple[int, int]],
    seen: dict[Path, tuple[int, int]],
    done: dict[Path, tuple[int, int]],
    ready: list[Path],
) -> None:
    assert settled(before, seen, done) == ready


looks = st.dictionaries(st.sampled_from([A, B]), st.tuples(st.integers(0, 2), st.integers(0, 2)))


@given(st.lists(looks))
def test_nothing_is_picked_up_twice_in_the_same_state(history: list[dict[Path, tuple[int, int]]]) -> None:
    before: dict[Path, tuple[int, int]] = {}
    done: dict[Path, tuple[int, int]] = {}
    for seen in history:
        for path in settled(before, seen, done):
            assert done.get(path) != seen[path]
            assert before[path] == seen[path]
            assert seen[path][0] > 0
            done[path] = seen[path]
        before = seen


def test_a_copy_that_pauses_is_waited_for_and_a_file_that_never_ends_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    content = save(tmp_path / "whole.png", size=(80, 60)).read_bytes()
    directory, stop, now = tmp_path / "in", threading.Event(), [0.0]
    directory.mkdir()
    source = WatchSource(str(directory), interval=INTERVAL, patience=5.0, clock=lambda: now[0])
    with source, ThreadPoolExecutor() as pool:
        frames = source.frames(stop)
        (directory / "paused.png").write_bytes(content[:100])
        save(directory / "later.png")
        picked = pool.submit(next, frames).result(DEADLINE)
        assert picture(picked) == directory / "later.png"  # the other one has been looked at twice by then
        (directory / "paused.png").write_bytes(content)
        assert picture(pool.submit(next, frames).result(DEADLINE)) == directory / "paused.png"
        (directory / "half.jpg").write_bytes(b"\xff\xd8 and no end")
        picking = pool.submit(next, frames)
        save(directory / "last.png")
        assert picture(picking.result(DEADLINE)) == directory / "last.png"
        now[0] = 5.0
        half = pool.submit(next, frames).result(DEADLINE)
        stop.set()
    assert picture(half) == directory / "half.jpg"


def test_formats_that_mark_their_end_are_known_by_it(tmp_path: Path) -> None:
    for name in ("a.png", "a.jpg", "a.bmp"):
        path = save(tmp_path / name)
        assert has_end(path)
        path.write_bytes(path.read_bytes()[:-1])
        assert has_end(path) is (name == "a.bmp")
    (tmp_path / "empty.png").touch()
    assert not has_end(tmp_path / "empty.png")
    assert has_end(tmp_path / "gone.png")
