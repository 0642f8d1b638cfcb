"""The figures of a report, as SVG inside the page: they take its colours, light or dark, and no label is drawn in them.

Labels stand in the page beside them, so that a browser's fonts draw Korean and whatever else a label is written in.
"""

import io
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy import floating
from numpy.typing import NDArray

from train.evaluation.calibration import Reliability
from train.evaluation.ranking import Curve
from train.fitting.history import Epoch

# Drawn in these, shown in the page's own: see the style in train/pages/templates/page.html.
INK, LINE, FAINT = "#1d2530", "#dde2e8", "#8a94a0"
BLUE, RED, GREEN = "#1f5fbf", "#c8281e", "#1a7f4b"
THEME = {
    INK: "var(--ink)",
    LINE: "var(--line)",
    FAINT: "var(--faint)",
    BLUE: "var(--blue)",
    RED: "var(--red)",
    GREEN: "var(--green)",
}
# The first curves of a plot, in the order of its legend; kept apart by most colour-blind readers.
COLOURS = (RED, BLUE, GREEN)
HALF, WIDE = (4.6, 3.5), (9.4, 3.3)  # inches; half a row of the page, and all of it
FONT = 9.5  # points


def curves(
    found: Sequence[Curve], axes_names: tuple[str, str], marked: Sequence[int], diagonal: bool, title: str
) -> str:
    """Returns a figure with a curve for each label: `marked` ones in `COLOURS`, all others faint behind them."""
    figure, axes = _figure(HALF, *axes_names)
    if diagonal:
        axes.plot([0, 1], [0, 1], "--", color=FAINT, linewidth=0.8)
    for index, curve in enumerate(found):
        if index not in marked:
            axes.plot(curve.x, curve.y, color=FAINT, linewidth=0.7, alpha=0.6)
    for colour, index in zip(COLOURS, marked, strict=False):
        axes.plot(found[index].x, found[index].y, color=colour, linewidth=1.6)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    return _svg(figure, title)


def reliability(before: Reliability, after: Reliability | None) -> str:
    """Returns the reliability diagram: the share of right answers over the best score, a mark a bin."""
    figure, axes = _figure(HALF, "best score", "share of right answers")
    axes.plot([0, 1], [0, 1], "--", color=FAINT, linewidth=0.8)
    for one, colour, style in ((before, BLUE, "o-"), (after, RED, "s-")):
        if one is not None:
            bins = [each for each in one.bins if each.pictures]
            axes.plot([b.score for b in bins], [b.accuracy for b in bins], style, color=colour, markersize=3.5)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    return _svg(figure, "reliability diagram")


def coverage(found: Curve, accuracy: float) -> str:
    """Returns precision over the share of pictures that get a label, as the threshold falls."""
    figure, axes = _figure(HALF, "share of pictures that get a label", "share of these that is right")
    axes.axhline(accuracy, linestyle="--", color=FAINT, linewidth=0.8)
    axes.plot(found.x, found.y, color=BLUE, linewidth=1.6)
    axes.set(xlim=(-0.02, 1.02), ylim=(max(0.0, min(accuracy, *found.y) - 0.02), 1.005))
    return _svg(figure, "precision over coverage")


def histogram(
    right: NDArray[floating], wrong: NDArray[floating], foreign: NDArray[floating] | None, threshold: float | None
) -> str:
    """Returns how the best scores of right, wrong and foreign answers are spread, each as shares of its own."""
    figure, axes = _figure(HALF, "best score", "share of the pictures")
    edges = [n / 20 for n in range(21)]
    for values, colour, style in ((right, BLUE, "-"), (wrong, RED, "-"), (foreign, GREEN, "--")):
        if values is not None and len(values):
            weights = [1 / len(values)] * len(values)
            axes.hist(values, edges, weights=weights, histtype="step", color=colour, linestyle=style, linewidth=1.6)
    if threshold is not None:
        axes.axvline(threshold, linestyle=":", color=INK, linewidth=1)
    axes.set(xlim=(-0.02, 1.02))
    return _svg(figure, "best scores of right and wrong answers")


def learning(history: Sequence[Epoch], best_epoch: int) -> str:
    """Returns accuracy and loss by epoch: training faint, validation blue, the kept epoch dotted."""
    with _style():
        figure = Figure(figsize=WIDE, layout="constrained")
        epochs = [row.epoch for row in history]
        for axes, name, unit in zip(
            figure.subplots(1, 2), ("accuracy", "loss"), ("accuracy", "loss, nats"), strict=True
        ):
            _plain(axes, "epoch", unit)
            for prefix, colour in (("", FAINT), ("val_", BLUE)):
                values = [getattr(row, prefix + name) for row in history]
                axes.plot(epochs, values, "o-", color=colour, markersize=3, linewidth=1.4)
            axes.axvline(best_epoch, linestyle=":", color=INK, linewidth=1)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return _svg(figure, "accuracy and loss by epoch")


def _figure(size: tuple[float, float], x: str, y: str) -> tuple[Figure, Axes]:
    with _style():
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        _plain(axes, x, y)
    return figure, axes


def _plain(axes: Axes, x: str, y: str) -> None:
    axes.set(xlabel=x, ylabel=y)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)


def _style() -> AbstractContextManager[None]:
    return rc_context(
        {
            "font.size": FONT,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": FAINT,
            "axes.facecolor": "none",
            "xtick.color": FAINT,
            "ytick.color": FAINT,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "svg.fonttype": "none",  # text stays text, in the page's font
            "svg.hashsalt": "report",  # the same figure, the same bytes
        }
    )


def _svg(figure: Figure, title: str) -> str:
    content = io.StringIO()
    with _style():
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = content.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Names that several figures of a page would have in common, and nothing refers to.
    text = re.sub(r' id="(?:figure|axes|patch|line2d|text|matplotlib\.axis|xtick|ytick|LineCollection)_\d+"', "", text)
    text = re.sub(r"font: [^;\"]*?(\d+(?:\.\d+)?)px [^;\"]*", r"font-size: \1px", text)
    for drawn, shown in THEME.items():
        text = text.replace(drawn, shown)
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" class="figure" ', 1)
