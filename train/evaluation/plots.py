"""The pictures of an evaluation, each returned as the bytes of a PNG."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from train.drawing import RIGHT, WRONG, png, short

COLUMNS = 8  # of the grid of predictions
MOST_NUMBERED = 20  # labels up to which the confusion matrix has its numbers written in


def confusion_matrix(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> bytes:
    """Returns the matrix of pictures by true (row) and predicted label (column), coloured by share of the row."""
    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(24.0, max(5.0, 2.5 + 0.55 * len(labels)))
    figure = Figure(figsize=(side + 1.0, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [short(label) for label in labels]
    size = 10 if len(labels) <= MOST_NUMBERED else max(3, 200 // len(labels))
    axes.set_xticks(range(len(labels)), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=size)
    axes.set_yticks(range(len(labels)), names, fontsize=size)
    axes.set(
        xlabel="predicted", ylabel="true", title=f"{int(np.trace(counts)):,} of {counts.sum():,} test pictures right"
    )
    if len(labels) <= MOST_NUMBERED:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shares[row, column] > 0.5 else "black"
                axes.text(column, row, str(count), ha="center", va="center", fontsize=9, color=colour)
    figure.colorbar(image, ax=axes, label="share of the true label", shrink=0.8)
    return png(figure)


def predictions(
    pixels: NDArray[np.uint8], true: NDArray[np.int64], scores: NDArray[np.float32], labels: Sequence[str]
) -> bytes:
    """Returns a grid of pictures with predicted label and score: right in blue, wrong in red with the true label.

    Args:
        pixels: uint8 ``[n, height, width, 3]``.
        true: int64 ``[n]``.
        scores: float32 ``[n, labels]``.
        labels: The names.
    """
    rows = -(-len(pixels) // COLUMNS)
    figure = Figure(figsize=(1.6 * COLUMNS, 2.1 * rows + 0.5), layout="constrained")
    predicted = scores.argmax(axis=1)
    grid = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, picture, truth, guess, row in zip(grid, pixels, true, predicted, scores, strict=False):
        axes.imshow(picture, interpolation="nearest")
        right = guess == truth
        text = f"{short(labels[guess])} {row[guess]:.2f}" + ("" if right else f"\n({short(labels[truth])})")
        axes.set_title(text, fontsize=9, color=RIGHT if right else WRONG, pad=3)
    count = int((predicted == true).sum())
    figure.suptitle(
        f"{len(pixels)} test pictures drawn at random: {count} right (blue), {len(pixels) - count} wrong (red)"
    )
    return png(figure)
