"""What every classifier must take and give, whoever built it; training and export hold a Keras model to the same."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import RunError

Shape = tuple[int | None, ...]
PROBES = 6  # pictures: black, white, noise
SUM_TOLERANCE = 0.01  # a thousand labels in bfloat16 sum to one within 0.004


def check_shapes(
    taken: Sequence[Shape],
    given: Sequence[Shape],
    size: tuple[int, int],
    labels: int,
    source: Path | str,
    advice: tuple[str, str],
) -> None:
    """Accepts a model that takes RGB pictures of `size`, any number of them, and gives a score for each label.

    Args:
        taken: The shapes of its inputs; None for what it leaves open.
        given: The shapes of its outputs.
        size: Height and width in pixels.
        labels: How many.
        source: What to call it in errors.
        advice: What to do about another input, and about another output.

    Raises:
        RunError: It does not.
    """
    height, width = size
    if len(taken) != 1 or not _fits(taken[0], (None, height, width, 3)):
        raise RunError(
            f"{source}: one input [batch, {height}, {width}, 3] (RGB pixels of any number of pictures) expected, "
            f"{_told(taken)} found; {advice[0]}"
        )
    if len(given) != 1 or given[0] != (None, labels):
        raise RunError(
            f"{source}: one output [batch, {labels}] (a score for each of {labels} labels) "
            f"expected, {_told(given)} found; {advice[1]}"
        )


def check_scores(
    judge: Callable[[NDArray[np.float32]], object], size: tuple[int, int], source: Path | str, advice: tuple[str, str]
) -> None:
    """Accepts a model that gives probabilities; logits would pass as scores, with a label and a sum of anything.

    Args:
        judge: Takes float32 ``[n, h, w, 3]`` pixels 0–255 and gives what numpy can make an array ``[n, labels]`` of.
        size: Height and width in pixels.
        source: What to call it in errors.
        advice: What to do about scores that are no numbers, and about such that do not sum to one.

    Raises:
        RunError: Its scores for black, white or noise are no numbers, negative, or sum to something else than one.
    """
    noise = np.random.default_rng(0).integers(0, 256, (PROBES, *size, 3)).astype(np.float32)
    noise[0], noise[1] = 0, 255
    scores = np.asarray(judge(noise), np.float64)
    if not np.isfinite(scores).all():
        raise RunError(f"{source}: gives scores that are not numbers for black, white or noise; {advice[0]}")
    sums = scores.sum(axis=1)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > SUM_TOLERANCE or scores.min() < -SUM_TOLERANCE:
        raise RunError(
            f"{source}: scores that sum to one expected, {sums[worst]:.4g} found (the least score is "
            f"{scores.min():.4g}); {advice[1]}"
        )


def _fits(found: Shape, wanted: Shape) -> bool:
    """Tells whether a model for `found` takes `wanted`; a size that the model leaves open is the spec's to set."""
    return (
        len(found) == len(wanted)
        and found[0] is None
        and all(own in (None, size) for own, size in zip(found[1:], wanted[1:], strict=True))
    )


def _told(shapes: Sequence[Shape]) -> str:
    texts = (f"[{', '.join('any' if size is None else str(size) for size in shape)}]" for shape in shapes)
    return " and ".join(texts) or "none"
