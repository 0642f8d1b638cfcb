import os
from pathlib import Path

import pytest

from edge_runtime.collecting.folder import PARTS, ROOM, TRAIN, LabelFolders
from edge_runtime.collecting.names import OURS
from edge_runtime.errors import SinkError
from edge_runtime.preprocess import SUFFIXES
from edge_runtime.sources import Frame
from edge_runtime.sources.files import is_picture
from tests.edge_runtime.samples import flat, save
from train.datasets.folder import Folder
from train.datasets.pictures import SPELLINGS

FRAME = Frame("rtsp://***@gate/stream1", 7, 1_800_000_000.125, flat(200))
NAMES = {"cat": "cat", "and/or": "and_or"}


def entered(root: Path, names: dict[str, str] = NAMES, free: int = ROOM * 2) -> LabelFolders:
    folders = LabelFolders(root, names, lambda path: free)
    folders.prepare()
    return folders


def test_a_name_tells_when_and_where_a_picture_was_taken(tmp_path: Path) -> None:
    path = entered(tmp_path / "new").add("and/or", FRAME, b"one", ".jpg")
    assert path == tmp_path / "new" / "and_or" / "20270115T080000.125Z_rtsp-gate-stream1_000007_7692c3ad3540.jpg"
    assert path.read_bytes() == b"one"
    assert [item.name for item in path.parent.iterdir()] == [path.name]


def test_of_a_file_its_own_name_is_told(tmp_path: Path) -> None:
    frame = Frame("photos", 12, 1_800_000_000.0, Path("photos/고양이 1.png"))
    path = entered(tmp_path).add("cat", frame, b"one", ".png")
    assert path
    assert path.name.startswith("20270115T080000.000Z_1-")  # a digest stands for what is not ASCII
    assert is_picture(path)


def test_of_a_video_likewise(tmp_path: Path) -> None:
    frame = Frame("/home/me/belt.mp4?fps=5", 12, 1_800_000_000.0, flat(200))
    path = entered(tmp_path).add("cat", frame, b"one", ".jpg")
    assert path
    assert path.name.startswith("20270115T080000.000Z_belt-mp4_000012_")


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".jpg"])
def test_every_name_is_recognised_later(suffix: str, tmp_path: Path) -> None:
    path = entered(tmp_path).add("cat", FRAME, b"one", suffix)
    assert path
    assert OURS.fullmatch(path.name)


def test_the_same_picture_is_kept_once_whatever_the_label_and_whenever(tmp_path: Path) -> None:
    folders = entered(tmp_path)
    assert folders.add("cat", FRAME, b"one", ".jpg")
    assert folders.add("cat", FRAME, b"one", ".jpg") is None
    assert folders.add("cat", FRAME, b"two", ".jpg")  # of the same frame's name
    again = entered(tmp_path, {"dog": "dog"})
    assert again.add("dog", FRAME, b"one", ".jpg") is None
    assert again.labels == ["cat"]


def test_what_was_there_is_counted_and_left_alone(tmp_path: Path) -> None:
    for number in range(3):
        save(tmp_path / "cat" / f"{number}.png")
    (tmp_path / "cat" / ".cat.partial").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("of mine")
    folders = entered(tmp_path)
    assert folders.there == {"cat": 3, "and/or": 0}
    folders.add("cat", FRAME, b"one", ".jpg")
    assert len(list((tmp_path / "cat").iterdir())) == 5


def test_what_is_taken_back_is_gone_and_can_come_again(tmp_path: Path) -> None:
    folders = entered(tmp_path)
    first, second = (folders.add("cat", FRAME, content, ".jpg") for content in (b"one", b"two"))
    assert first
    assert second
    folders.remove(second)
    assert folders.labels == ["cat"]
    folders.remove(first)
    assert folders.labels == []  # an empty folder would stop the training
    assert folders.add("cat", FRAME, b"one", ".jpg") == first


def test_a_disk_without_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="its disk is full, of which 67 MB are left free; make room and type the same"):
        entered(tmp_path, free=ROOM - 1)
    folders = entered(tmp_path, free=ROOM + 3)
    assert folders.add("cat", FRAME, b"one", ".jpg")
    with pytest.raises(SinkError, match="its disk is full"):
        folders.add("cat", FRAME, b"four", ".jpg")
    assert [path.name for path in tmp_path.rglob("*.*")] == [path.name for path in tmp_path.rglob("*_7692c3ad3540.jpg")]


def test_a_folder_that_goes_away_is_not_made_anew_elsewhere(tmp_path: Path) -> None:
    folders = LabelFolders(tmp_path / "stick", NAMES)
    folders.prepare()
    (tmp_path / "stick").rmdir()
    with pytest.raises(SinkError, match="stick: cannot be written: No such file or directory"):
        folders.add("cat", FRAME, b"one", ".jpg")
    assert list(tmp_path.iterdir()) == []


def test_where_more_than_the_folder_is_missing_it_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match=r"there is no directory .*/dta; mend the path, or make it: mkdir -p"):
        entered(tmp_path / "dta" / "parts")
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError, match="file is a file, where a directory is wanted"):
        entered(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_label_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir(mode=0o555)
    with pytest.raises(SinkError, match=r"cat: cannot be written: user .* may not write into"):
        entered(tmp_path)


# What training takes


def pictures_of(root: Path, labels: tuple[str, ...] = ("cat", "dog")) -> Path:
    for label in labels:
        save(root / label / "1.png")
    return root


def test_the_names_of_parts_are_those_that_training_knows() -> None:
    assert set(PARTS) == SPELLINGS.keys()
    assert set(TRAIN) == {name for name, part in SPELLINGS.items() if part == "train"}


@pytest.mark.parametrize("name", ["test", "Validation", "val"])
def test_of_a_part_beside_train_the_folder_above_is_the_dataset(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, part = (pictures_of(tmp_path / "parts" / each) for each in ("train", name))
    assert LabelFolders(part, NAMES).dataset == LabelFolders(train, NAMES).dataset == tmp_path / "parts"
    assert Folder(tmp_path / "parts").labels == ("cat", "dog")
    monkeypatch.chdir(part)
    assert LabelFolders(Path(), NAMES).dataset == tmp_path / "parts"
    monkeypatch.chdir(tmp_path)
    assert LabelFolders(Path("parts") / name, NAMES).dataset == Path("parts")


@pytest.mark.parametrize("beside", ["val", "bus", ""])
def test_without_train_beside_it_a_folder_called_test_is_the_dataset(beside: str, tmp_path: Path) -> None:
    part = pictures_of(tmp_path / "parts" / "test")
    if beside:
        pictures_of(tmp_path / "parts" / beside)
    assert LabelFolders(part, NAMES).dataset == part


def test_a_label_called_train_is_no_part(tmp_path: Path) -> None:
    part = pictures_of(tmp_path / "parts" / "test")
    save(tmp_path / "parts" / "train" / "1.png")
    assert LabelFolders(part, NAMES).dataset == part
    pictures_of(tmp_path / "parts" / "train")
    assert LabelFolders(part, NAMES).dataset == part
