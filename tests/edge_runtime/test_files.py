from pathlib import Path

import pytest

from edge_runtime.files import directory_replaced, write_atomically
from tests.edge_runtime.samples import in_a_process


def test_a_file_is_written_with_the_directories_above_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a" / "b" / "c.json", b"new")
    assert (tmp_path / "a" / "b" / "c.json").read_bytes() == b"new"
    assert (tmp_path / "a" / "b" / "c.json").stat().st_mode & 0o777 == 0o644


def test_a_write_that_the_kernel_refuses_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "state.json"
    target.write_bytes(b"old")
    code = """
import resource, signal, sys
from pathlib import Path
from edge_runtime.files import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(Path(sys.argv[1]), b"x" * 2000)
except OSError as error:
    print(error.strerror)
"""
    assert in_a_process(code, target).stdout == "File too large\n"
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]
    assert target.read_bytes() == b"old"


def test_a_directory_takes_the_place_of_the_old_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "target"
    for content in ("old", "new"):
        with directory_replaced(target) as fresh:
            (fresh / content).mkdir()
            (fresh / content / "file").write_text(content)
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert [path.name for path in target.iterdir()] == ["new"]


@pytest.mark.parametrize("interruption", [OSError("disk"), KeyboardInterrupt(), ZeroDivisionError()])
def test_after_any_interruption_the_old_directory_is_there_and_no_litter(
    interruption: BaseException, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "file").write_text("old")
    replacing = directory_replaced(target)
    (replacing.__enter__() / "file").write_text("half")
    assert not replacing.__exit__(type(interruption), interruption, None), "it must go on to the caller"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert (target / "file").read_text() == "old"


def test_readers_find_the_old_directory_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "file").write_text("old")
    with directory_replaced(target) as fresh:
        (fresh / "file").write_text("new")
        assert (target / "file").read_text() == "old"
    assert (target / "file").read_text() == "new"


KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from edge_runtime.files import directory_replaced
with directory_replaced(Path(sys.argv[1])) as fresh:
    (fresh / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    target = tmp_path / "target [1]"
    assert in_a_process(KILLED_WHILE_WRITING, target).returncode == -9
    assert len(list(tmp_path.iterdir())) == 1, "there must be something to remove"
    with directory_replaced(target) as fresh:
        (fresh / "file").write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_what_a_living_writer_holds_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with directory_replaced(target) as first:
        (first / "file").write_text("first")
        with directory_replaced(target) as second:
            (second / "file").write_text("second")
        assert (first / "file").read_text() == "first"
    assert (target / "file").read_text() == "first"


def test_a_link_stays_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "current"
    link.symlink_to(tmp_path / "disk" / "target")
    for content in ("old", "new"):
        with directory_replaced(link) as fresh:
            (fresh / "file").write_text(content)
    assert link.is_symlink()
    assert (tmp_path / "disk" / "target" / "file").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "disk"]
