"""The pictures of a run, each returned as the bytes of a PNG."""

import io
import textwrap
import warnings
from collections.abc import Sequence

import numpy as np
from matplotlib import font_manager, rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from edge_runtime.console import say
from train.history import Epoch

RIGHT, WRONG = "#1f5fbf", "#c8281e"  # blue and red that keep apart for most colour-blind readers
DPI = 120
COLUMNS = 8  # of the grid of predictions
MOST_NUMBERED = 20  # labels up to which the confusion matrix has its numbers written in
# matplotlib's own font has no Korean, Chinese or Japanese; the first of these that is installed helps out.
MORE_FONTS = ("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "UnDotum", "Malgun Gothic", "Apple SD Gothic Neo")


def learning_curves(history: Sequence[Epoch], best_epoch: int) -> bytes:
    """Returns loss and accuracy by epoch, training and validation, the best epoch marked."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    epochs = [row.epoch for row in history]
    for axes, name, unit in zip(figure.subplots(1, 2), ("accuracy", "loss"), ("share right", "nats"), strict=True):
        axes.plot(epochs, [getattr(row, name) for row in history], "o-", color="#888888", label="training")
        axes.plot(epochs, [getattr(row, f"val_{name}") for row in history], "o-", color=RIGHT, label="validation")
        axes.axvline(best_epoch, color="#444444", linestyle=":", label=f"kept: epoch {best_epoch}")
        axes.set(title=name.capitalize(), xlabel="epoch", ylabel=unit)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    return _png(figure)


def confusion_matrix(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> bytes:
    """Returns the matrix of pictures by true (row) and predicted label (column), coloured by share of the row."""
    counts = np.array(confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(24.0, max(5.0, 2.5 + 0.55 * len(labels)))
    figure = Figure(figsize=(side + 1.0, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [_short(label) for label in labels]
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
    return _png(figure)


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
        text = f"{_short(labels[guess])} {row[guess]:.2f}" + ("" if right else f"\n({_short(labels[truth])})")
        axes.set_title(text, fontsize=9, color=RIGHT if right else WRONG, pad=3)
    count = int((predicted == true).sum())
    figure.suptitle(
        f"{len(pixels)} test pictures drawn at random: {count} right (blue), {len(pixels) - count} wrong (red)"
    )
    return _png(figure)


def _short(label: str) -> str:
    return (
        textwrap.shorten(label, 16, placeholder="…")
        if " " in label
        else label
        if len(label) <= 16
        else label[:15] + "…"
    )


def _png(figure: Figure) -> bytes:
    installed = set(font_manager.get_font_names())
    content = io.BytesIO()
    # parse_math: a label such as "5$ or 10$" is a name, not a formula.
    fonts = ["DejaVu Sans", *(font for font in MORE_FONTS if font in installed)]
    with warnings.catch_warnings(record=True) as caught, rc_context({"font.family": fonts, "text.parse_math": False}):
        warnings.simplefilter("always")
        figure.savefig(content, format="png", dpi=DPI)
    if any("missing from" in str(warning.message) for warning in caught):
        say("note: no installed font can draw every label in the plots; Debian's fonts-nanum brings Korean")
    return content.getvalue()
