import io

import numpy as np
import pytest
from PIL import Image

from train.drawing import say_what_is_missing
from train.evaluation.plots import confusion_matrix, predictions

BLUE, RED = (31, 95, 191), (200, 40, 30)


def colours(png: bytes) -> set[tuple[int, ...]]:
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return {colour for _, colour in image.getcolors(2**24) or []}  # type: ignore[misc]  # RGB gives tuples


def test_right_ones_are_blue_and_wrong_ones_red() -> None:
    pixels = np.zeros((2, 8, 8, 3), np.uint8)
    scores = np.array([[0.9, 0.1], [0.9, 0.1]], np.float32)
    right = colours(predictions(pixels, np.array([0, 0]), scores, ("a", "b")))
    assert BLUE in right
    assert RED not in right
    wrong = colours(predictions(pixels, np.array([1, 1]), scores, ("a", "b")))
    assert RED in wrong
    assert BLUE not in wrong


def test_labels_that_look_like_formulas_or_are_long_are_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    png = confusion_matrix([[3, 1], [0, 2]], ("5$ or 10$", "a label that is longer than anybody would like"))
    assert Image.open(io.BytesIO(png)).format == "PNG"
    assert capsys.readouterr().err == ""


def test_letters_that_no_font_has_are_mentioned_rather_than_fatal(capsys: pytest.CaptureFixture[str]) -> None:
    say_what_is_missing.cache_clear()  # once in a process, and this one may have said it
    # U+10FFFD is for private use: no font on earth has it.
    assert confusion_matrix([[3, 1], [0, 2]], ("\U0010fffd", "b"))[:4] == b"\x89PNG"
    assert "no installed font can draw every label" in capsys.readouterr().err


def test_a_hundred_labels_still_make_a_picture() -> None:
    png = confusion_matrix(np.eye(100, dtype=int).tolist(), [f"label {n}" for n in range(100)])
    assert min(Image.open(io.BytesIO(png)).size) > 1000
