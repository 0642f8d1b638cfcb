import os
import threading
from pathlib import Path

import pytest

from edge_runtime.errors import SourceError
from edge_runtime.sources.files import FileSource, expand, is_picture
from tests.edge_runtime.samples import in_a_process, save


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name in (
        "b.png",
        "a.JPG",
        "deep/er/신발 한 켤레.png",
        "deep/c c.webp",
        ".hidden.png",
        ".trash/d.png",
        "notes.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.png").mkdir()
    return tmp_path


def names(root: Path, *patterns: str) -> list[str]:
    return [str(path.relative_to(root)) for path in expand([str(root / pattern) for pattern in patterns])]


def test_a_directory_stands_for_the_visible_pictures_below_it_sorted(shop: Path) -> None:
    assert names(shop, "") == ["a.JPG", "b.png", "deep/c c.webp", "deep/er/신발 한 켤레.png"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.png", ["b.png"]),
        ("?.*", ["a.JPG", "b.png"]),
        ("**/*.png", ["b.png", "deep/er/신발 한 켤레.png"]),
        ("deep/*", ["deep/c c.webp"]),
        ("**/신발*", ["deep/er/신발 한 켤레.png"]),
    ],
)
def test_a_glob_stands_for_the_pictures_it_matches(pattern: str, found: list[str], shop: Path) -> None:
    assert names(shop, pattern) == found


def test_a_file_is_taken_whatever_its_name(shop: Path) -> None:
    assert names(shop, "notes.txt", ".hidden.png") == ["notes.txt", ".hidden.png"]


def test_a_picture_named_twice_is_taken_once(shop: Path) -> None:
    assert names(shop, "b.png", "*.png", "b.png", "./b.png") == ["b.png"]


def test_a_file_whose_name_looks_like_a_glob_is_a_file(tmp_path: Path) -> None:
    save(tmp_path / "[1].png")
    save(tmp_path / "1.png")
    assert names(tmp_path, "[1].png") == ["[1].png"]


def test_a_path_from_the_home_directory_is_found_there(shop: Path) -> None:
    home = os.path.relpath(shop, Path.home())
    assert expand([f"~/{home}/b.png"])[0].samefile(shop / "b.png")


def test_what_holds_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(SourceError, match=r"no picture in this directory \(\.bmp, .*\.png.*\)"):
        expand([str(tmp_path)])
    with pytest.raises(SourceError, match=r"\*\.png: no picture matches"):
        expand([str(tmp_path / "*.png")])
    with pytest.raises(SourceError, match=r"none\.png: no such file or directory"):
        expand([str(tmp_path / "none.png")])


EXPAND = """
import os, sys
from edge_runtime.console import guard
from edge_runtime.sources.files import expand
if os.getuid() == 0:
    os.setuid(65534)  # root may read everything
sys.exit(guard("reader", lambda: print(len(expand(sys.argv[1:]))) or 0))
"""


@pytest.mark.parametrize(
    ("named", "closed"),
    [("shut", "shut"), ("shut/a.png", "shut/a.png"), ("shut/*.png", "shut/*.png"), (".", "shut"), ("shut/c", "shut/c")],
)
def test_what_this_user_may_not_read_is_not_called_empty_or_missing(named: str, closed: str, tmp_path: Path) -> None:
    for above in (tmp_path, *tmp_path.parents[:2]):
        above.chmod(0o755)
    save(tmp_path / "b.png")
    (tmp_path / "shut").mkdir()
    save(tmp_path / "shut" / "a.png")
    (tmp_path / "shut").chmod(0)
    done = in_a_process(EXPAND, tmp_path / named)
    (tmp_path / "shut").chmod(0o755)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"error: {tmp_path / closed}: cannot be read: Permission denied" in done.stderr


def test_what_a_repaired_disk_found_is_passed_over(tmp_path: Path) -> None:
    save(tmp_path / "b.png")
    (tmp_path / "lost+found").mkdir(mode=0)
    for above in (tmp_path, *tmp_path.parents[:2]):
        above.chmod(0o755)
    assert in_a_process(EXPAND, tmp_path).stdout == "1\n"


@pytest.mark.parametrize(
    ("name", "picture"), [("a.png", True), ("a.JPEG", True), (".a.png", False), ("a", False), ("a.png.part", False)]
)
def test_a_picture_is_told_by_its_name(name: str, picture: bool) -> None:
    assert is_picture(Path(name)) == picture


def test_files_come_once_in_order_until_stopped() -> None:
    stop = threading.Event()
    frames = FileSource("shop", [Path("a"), Path("b"), Path("c")], now=lambda: 5.0).frames(stop)
    first = next(frames)
    assert (first.source, first.number, first.captured_at, first.picture) == ("shop", 0, 5.0, Path("a"))
    assert first.path == "a"
    assert next(frames).number == 1
    stop.set()
    assert list(frames) == []
