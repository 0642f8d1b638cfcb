"""The plots of the parity report, each a PNG; the same figures give the same bytes."""

import io
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray

from export.mixed import Sensitivity
from export.proof.calibration import Bin
from export.proof.study import Study
from export.reporting.variants_plot import BLUE, GREY, RED, Bar, draw_variants

matplotlib.use("Agg")

from matplotlib import pyplot as plt

DPI = 144  # pixels an inch: one and a half times what a browser shows, for screens that show more
LARGE = 150.0  # square points, of the mark of a bin that holds all pictures


def variants(bars: Sequence[Bar], reference: float, max_degradation: float) -> bytes:
    """Draws a line for each variant: its size and its accuracy."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 1.2 + 0.42 * len(bars)), sharey=True, layout="constrained", width_ratios=(3, 4)
    )
    draw_variants(left, right, bars, reference, max_degradation)
    return png(figure, 120)


def reliability(name: str, bins: Sequence[Bin], reference: Sequence[Bin], samples: int) -> bytes:
    """Draws a reliability diagram: what was right against what was said; the Keras model's in grey behind it."""
    figure = plt.figure(figsize=(2.5, 2.6))
    axes = figure.add_axes((0.22, 0.18, 0.74, 0.72))
    axes.plot((0, 1), (0, 1), color=GREY, linewidth=0.8, linestyle="--")
    for which, colour, order in ((reference, "#b9bec6", 2), (bins, BLUE, 3)):
        seen = [one for one in which if one.samples]
        axes.plot([b.score for b in seen], [b.accuracy for b in seen], color=colour, linewidth=1.2, zorder=order)
        area = [6 + LARGE * b.samples / samples for b in seen]  # 6: a single picture's must be seen
        axes.scatter(
            [b.score for b in seen],
            [b.accuracy for b in seen],
            s=area,
            color=colour,
            zorder=order,
            alpha=0.8,
            clip_on=False,
        )
    axes.set(xlim=(0, 1.03), ylim=(0, 1.03), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    axes.tick_params(labelsize=8)
    axes.set_xlabel("best score", fontsize=8)
    axes.set_ylabel("share right", fontsize=8, labelpad=2)
    axes.set_title(name, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return png(figure)


def confusion(title: str, matrix: NDArray[np.int64], labels: Sequence[str], change: bool) -> bytes:
    """Draws a confusion matrix: true labels downwards, predicted ones to the right.

    Args:
        title: Above it.
        matrix: int64 ``[labels, labels]``.
        labels: Their names.
        change: Whether the matrix is what a variant changed: blue more pictures, red fewer.
    """
    side = max(3.6, 1.3 + 0.34 * len(labels))
    figure, axes = plt.subplots(figsize=(side, side), layout="constrained")
    reach = max(1, int(np.abs(matrix).max()))
    axes.imshow(matrix, cmap="RdBu" if change else "Blues", vmin=-reach if change else 0, vmax=reach)
    axes.set_title(title, fontsize=10)
    axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=8)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set_xlabel("predicted", fontsize=9)
    axes.set_ylabel("true", fontsize=9)
    for (row, column), value in np.ndenumerate(matrix):
        if value:
            colour = "white" if abs(int(value)) > 0.6 * reach else "black"
            text = f"{value:+d}" if change else str(value)
            axes.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    return png(figure)


def study(found: Study) -> bytes:
    """Draws what a recipe keeps with more and more representative pictures."""
    figure, axes = plt.subplots(figsize=(5.2, 3.2), layout="constrained")
    pictures = [point.pictures for point in found.points]
    axes.axhline(100 * found.reference_top1, color=GREY, linestyle="--", linewidth=1, label="top-1 of Keras")
    axes.axvline(found.chosen, color=GREY, linestyle=":", linewidth=1)
    axes.plot(
        pictures, [100 * point.agreement for point in found.points], color="#2c8a57", marker="s", label="agreement"
    )
    axes.plot(pictures, [100 * point.top1 for point in found.points], color=BLUE, marker="o", label="top-1")
    axes.set_xscale("log")
    axes.set_xticks(pictures, [f"{count:,}" for count in pictures], fontsize=9)
    axes.minorticks_off()
    axes.tick_params(labelsize=9)
    axes.set_xlabel(f"pictures that calibrated {found.recipe} (dotted: in this bundle)", fontsize=9)
    axes.set_ylabel("%", fontsize=10)
    axes.legend(fontsize=9, frameon=False, loc="best")
    axes.spines[["top", "right"]].set_visible(False)
    return png(figure)


def sensitivity(found: Sequence[Sensitivity]) -> bytes:
    """Draws for each layer what it costs when it alone is int8; those that stayed in float32 in red."""
    figure, axes = plt.subplots(figsize=(9, 0.9 + 0.26 * len(found)), layout="constrained")
    lines = found[::-1]  # the vertical axis grows upwards
    axes.barh(
        range(len(lines)),
        [100 * (1 - one.agreement) for one in lines],
        color=[RED if one.kept else BLUE for one in lines],
        height=0.6,
    )
    axes.set_yticks(range(len(lines)), [one.name for one in lines], fontsize=8)
    axes.set_xlabel(
        "validation pictures that get another label than Keras' when this layer alone is int8, %", fontsize=9
    )
    axes.margins(x=0.05, y=0.02)
    axes.spines[["top", "right"]].set_visible(False)
    return png(figure)


def png(figure: Any, dpi: int = DPI) -> bytes:
    """Returns a figure as a PNG, and closes it."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Labels that matplotlib's own font cannot draw become boxes: another font would make the bundle's bytes depend
        # on what this machine has installed. The tables of parity.html show them as they are.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()
