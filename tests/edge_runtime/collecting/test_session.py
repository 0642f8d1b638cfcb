from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.collecting.folder import LabelFolders
from edge_runtime.collecting.look import Look
from edge_runtime.collecting.rhythm import Rhythm
from edge_runtime.collecting.session import Session
from edge_runtime.preprocess import Pixels, Region
from edge_runtime.sources import Frame
from tests.edge_runtime.samples import flat

LABELS = ("cat", "dog")


def noise(seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)


class Collected:
    """A session, what it has told, and where it has put pictures."""

    def __init__(
        self,
        root: Path,
        rhythm: Rhythm | None,
        labels: tuple[str, ...] = LABELS,
        live: bool = True,
        least: float = 0.0,
        **more: object,
    ) -> None:
        folders = LabelFolders(root, {label: label for label in labels})
        folders.prepare()
        self.said: list[str] = []
        self.paths: list[Path] = []
        self.root = root
        self.session = Session(
            *(folders, labels, Look(live, least=least, clock=lambda: 0.0), rhythm),
            **({"tell": self.said.append, "told": self.paths.append} | more),  # type: ignore[arg-type]
        )

    def give(self, *numbers: int, picture: Pixels | None = None) -> None:
        for number in numbers:
            shown = noise(number) if picture is None else picture
            self.session.take(Frame("camera:", number, 0.0, shown, float(number)))

    def press(self, keys: str) -> None:
        for key in keys:
            self.session.press(key)

    @property
    def numbers(self) -> dict[str, list[int]]:
        """The frames that each label has, by number."""
        return {
            folder.name: sorted(int(path.stem.split("_")[2]) for path in folder.iterdir())
            for folder in sorted(self.root.iterdir())
        }


def test_each_press_keeps_the_next_frame_with_the_label_that_was_chosen(tmp_path: Path) -> None:
    collected = Collected(tmp_path, None)
    collected.give(0)
    collected.press(" ")
    collected.give(1, 2)
    collected.press("2\n")
    collected.give(3, 4)
    collected.press("\r 1 ")
    collected.give(5, 6, 7, 8)
    assert collected.numbers == {"cat": [1, 7], "dog": [3, 5, 6]}
    assert collected.session.line == "cat 2, dog 3"
    assert collected.said[1] == "now: dog"
    assert len(collected.paths) == 5


def test_a_frame_that_a_key_asked_for_and_that_shows_nothing_is_told(tmp_path: Path) -> None:
    collected = Collected(tmp_path, None)
    collected.press(" ")
    collected.give(1, picture=flat(2, (48, 64)))
    assert collected.said == ["nothing is kept while the camera is black", "not kept: black"]
    collected.press(" ")
    collected.give(2)
    assert collected.said[2] == "the camera is live again"
    assert collected.numbers == {"cat": [2]}
    assert collected.session.line == "cat 1, dog 0; not kept: 1 black"


def test_that_a_camera_is_black_is_told_once(tmp_path: Path) -> None:
    collected = Collected(tmp_path, Rhythm(), ("cat",))
    collected.give(*range(9), picture=flat(2, (48, 64)))
    assert collected.said == ["nothing is kept while the camera is black"]
    assert collected.session.skipped == {"black": 9}


def test_with_a_rhythm_and_several_labels_it_begins_with_the_first_choice(tmp_path: Path) -> None:
    collected = Collected(tmp_path, Rhythm(every=2))
    collected.give(0, 1, 2)
    assert collected.session.line == "cat 0, dog 0; paused"
    collected.press("2")
    collected.give(3, 4, 5)
    collected.press(" ")
    collected.give(6, 7, 8)
    collected.press(" ")
    collected.give(9)
    collected.press("1")
    collected.give(10, 11)
    assert collected.numbers == {"cat": [11], "dog": [3, 5, 9]}


@pytest.mark.parametrize("live", [True, False])
def test_while_it_is_paused_all_but_a_camera_waits(live: bool, tmp_path: Path) -> None:
    collected = Collected(tmp_path, Rhythm(), ("cat",), live)
    assert not collected.session.waits
    collected.press(" ")
    assert collected.session.waits is not live
    collected.press(" ")
    assert not collected.session.waits


@pytest.mark.parametrize("key", ["q", "\x04"])
def test_a_key_ends_it(key: str, tmp_path: Path) -> None:
    collected = Collected(tmp_path, None)
    collected.press(key)
    assert collected.session.ended


def test_the_last_pictures_are_taken_back_one_by_one(tmp_path: Path) -> None:
    collected = Collected(tmp_path, None)
    collected.press("  2 ")
    collected.give(1, 2, 3)
    collected.press("u\x7f")
    assert collected.numbers == {"cat": [1]}
    assert collected.session.line == "cat 1, dog 0"
    collected.press("uu")
    assert collected.said[-1] == "nothing to take back"
    assert list(tmp_path.iterdir()) == []


def test_after_a_picture_was_taken_back_one_like_it_is_kept(tmp_path: Path) -> None:
    collected = Collected(tmp_path, None, ("cat",), least=4)
    collected.press(" ")
    collected.give(1, picture=flat(100, (48, 64)))
    collected.press("u  ")
    collected.give(2, 3, picture=flat(101, (48, 64)))
    assert collected.numbers == {"cat": [2]}
    assert collected.session.skipped == {"alike": 1}


@pytest.mark.parametrize("key", ["x", "3", "0", "²", "ㅂ"])
def test_a_key_that_means_nothing_is_told_with_those_that_do(key: str, tmp_path: Path) -> None:
    collected = Collected(tmp_path, None)
    collected.press(key)
    assert collected.said == [
        f"no such key: {key}; space keeps a frame; 1 cat, 2 dog: the label; u takes the last picture back; q ends"
    ]


def test_one_label_needs_no_choice(tmp_path: Path) -> None:
    collected = Collected(tmp_path, None, ("cat",))
    assert "1 cat" not in collected.session.keys
    collected.press("1")
    assert collected.said[0].startswith("no such key: 1")


def test_it_ends_with_as_many_as_were_wanted(tmp_path: Path) -> None:
    collected = Collected(tmp_path, Rhythm(), ("cat",), count=3)
    collected.give(0, 1)
    assert not collected.session.ended
    collected.give(2, picture=noise(1))
    assert not collected.session.ended
    collected.give(3)
    assert collected.session.ended
    assert collected.session.skipped == {"there already": 1}


@pytest.mark.parametrize("form", ["png", "jpeg"])
def test_a_region_is_all_that_is_kept(form: str, tmp_path: Path) -> None:
    collected = Collected(tmp_path, Rhythm(), ("cat",), form=form, region=Region(0.25, 0.5, 1, 1))
    collected.give(0)
    with Image.open(collected.paths[0]) as image:
        assert image.size == (48, 24)
        assert image.format == form.upper()
        if form == "png":
            assert np.array_equal(np.asarray(image), noise(0)[24:, 16:])


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not a picture")
    collected = Collected(tmp_path / "out", Rhythm(), ("cat",))
    collected.session.take(Frame(str(tmp_path), 0, 0.0, broken))
    assert collected.said[-1] == f"{broken}: cannot be read"
    assert collected.session.skipped["unreadable"] == 1
