from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.collecting.look import Look
from edge_runtime.preprocess import Pixels, Region
from edge_runtime.sources import Frame, Picture
from tests.edge_runtime.samples import flat

NOISE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def frame(picture: Picture, taken: float = 0.0) -> Frame:
    return Frame("camera:", 0, 0.0, picture, taken)


def noise(seed: int) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)


def test_a_frame_that_shows_the_world_is_kept() -> None:
    assert Look(live=True, clock=lambda: 0.1).why_not(frame(NOISE), "cat") is None


@pytest.mark.parametrize("live", [True, False])
def test_a_black_frame_is_not_kept(live: bool) -> None:
    assert Look(live, clock=lambda: 0.1).why_not(frame(flat(3, (48, 64))), "cat") == "black"


def test_a_dark_file_is_a_picture_that_somebody_has_kept(tmp_path: Path) -> None:
    path = tmp_path / "night.png"
    Image.fromarray(flat(3, (48, 64))).save(path)
    assert Look(live=False).why_not(frame(path), "cat") is None


def test_an_old_frame_of_a_camera_is_not_kept() -> None:
    assert Look(live=True, max_age=5, clock=lambda: 6.0).why_not(frame(NOISE, taken=0.5), "cat") == "stale"
    assert Look(live=False, max_age=5, clock=lambda: 6.0).why_not(frame(NOISE, taken=0.5), "cat") is None


def test_a_camera_of_which_nothing_was_wanted_is_known_to_be_frozen() -> None:
    look = Look(live=True, clock=lambda: 0.0)
    states = [look.glance(frame(NOISE, tenth / 10)) for tenth in range(125)]
    assert states.count(None) == 125 - 13  # it is looked at once a second
    assert [state for state in states if state] == ["live"] * 10 + ["frozen"] * 3
    assert look.why_not(frame(NOISE, 12.5), "cat") == "frozen"
    assert look.why_not(frame(noise(1), 12.6), "cat") is None


@pytest.mark.parametrize("picture", [b"no picture", Path("gone.png")])
def test_what_cannot_be_decoded_is_unreadable(picture: Picture) -> None:
    assert Look(live=False).why_not(frame(picture), "cat") == "unreadable"


def test_a_frame_like_the_last_one_kept_with_its_label_is_passed_over() -> None:
    look = Look(live=False, least=4)
    night, day = frame(flat(100, (48, 64))), frame(flat(110, (48, 64)))
    assert look.why_not(night, "cat") is None
    assert look.why_not(night, "cat") is None  # it was looked at, not kept
    look.note_kept("cat")
    assert look.why_not(frame(flat(102, (48, 64))), "cat") == "alike"
    assert look.why_not(frame(flat(102, (48, 64))), "dog") is None
    assert look.why_not(day, "cat") is None
    look.note_kept("cat")
    assert look.why_not(night, "cat") is None


def test_what_was_taken_back_is_not_what_the_next_is_compared_with() -> None:
    look = Look(live=False, least=4)
    first, second = frame(flat(100, (48, 64))), frame(flat(110, (48, 64)))
    for each in (first, second):
        assert look.why_not(each, "cat") is None
        look.note_kept("cat")
    look.note_taken_back("cat")
    assert look.why_not(first, "cat") == "alike"
    assert look.why_not(second, "cat") is None
    look.note_taken_back("cat")
    assert look.why_not(first, "cat") is None


def test_only_the_region_counts() -> None:
    picture = flat(3, (48, 64))
    picture[:, 32:] = NOISE[:, 32:]
    assert Look(False, Region(0, 0, 0.5, 1)).why_not(frame(picture), "cat") == "black"
    assert Look(False, Region(0.5, 0, 1, 1)).why_not(frame(picture), "cat") is None
