import re

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_runtime.errors import RunError
from edge_runtime.stages.rule import Shape, check_scores, check_shapes

ADVICE = ("do this", "do that")


@pytest.mark.parametrize("taken", [(None, 8, 6, 3), (None, None, None, 3)])
def test_rgb_pictures_of_the_size_or_of_any_are_what_is_wanted(taken: Shape) -> None:
    check_shapes([taken], [(None, 4)], (8, 6), 4, "lamp", ADVICE)


@pytest.mark.parametrize(
    ("taken", "given", "said"),
    [
        ([(None, 6, 8, 3)], [(None, 4)], "lamp: one input [batch, 8, 6, 3] (RGB pixels of any number of pictures) "),
        ([(1, 8, 6, 3)], [(None, 4)], "expected, [1, 8, 6, 3] found; do this"),
        ([(None, 8, 6)], [(None, 4)], "expected, [any, 8, 6] found; do this"),
        ([], [(None, 4)], "expected, none found; do this"),
        (
            [(None, 8, 6, 3)],
            [(None, 5)],
            "lamp: one output [batch, 4] (a score for each of 4 labels) expected, [any, 5",
        ),
        ([(None, 8, 6, 3)], [(None, 4), (None, 4)], "expected, [any, 4] and [any, 4] found; do that"),
    ],
)
def test_anything_else_is_refused_with_both_shapes_and_what_to_do(
    taken: list[Shape], given: list[Shape], said: str
) -> None:
    with pytest.raises(RunError, match=re.escape(said)):
        check_shapes(taken, given, (8, 6), 4, "lamp", ADVICE)


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ((0.5, np.nan), "lamp: gives scores that are not numbers for black, white or noise; do this"),
        ((0.5, 0.6), "lamp: scores that sum to one expected, 1.1 found (the least score is 0.5); do that"),
        ((1.5, -0.5), "lamp: scores that sum to one expected, 1 found (the least score is -0.5); do that"),
    ],
)
def test_scores_that_are_no_probabilities_are_refused(scores: tuple[float, float], said: str) -> None:
    with pytest.raises(RunError, match=re.escape(said)):
        check_scores(lambda pixels: np.tile(scores, (len(pixels), 1)), (8, 6), "lamp", ADVICE)


def test_scores_are_tried_on_black_white_and_noise() -> None:
    seen: list[NDArray[np.float32]] = []

    def judge(pixels: NDArray[np.float32]) -> object:
        seen.append(pixels)
        return np.full((len(pixels), 2), 0.5)

    check_scores(judge, (8, 6), "lamp", ADVICE)
    (pixels,) = seen
    assert pixels.shape[1:] == (8, 6, 3)
    assert pixels.dtype == np.float32
    assert (pixels[0].max(), pixels[1].min()) == (0, 255)
    assert len(np.unique(pixels[2:])) > 100
