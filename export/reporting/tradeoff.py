"""The plot of accuracy against size or latency."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib

from export.reporting.plots import png
from export.reporting.variants_plot import BLUE, GREY, RED, floor

matplotlib.use("Agg")

from matplotlib import pyplot as plt

NEAR = (0.09, 0.055)  # of the plot's width and height: points nearer than that share one text
PLAIN = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8}  # so that no line runs through a text
ROOM = 1.3  # times the least and the greatest cost, at least: one variant alone has no span to take a share of


@dataclass(frozen=True)
class Point:
    """A variant in a plot.

    Attributes:
        letter: Stands beside its mark.
        cost: Bytes or seconds.
        top1: Fraction of the test split.
        square: Whether its mark is a square, as ONNX files have; the others' are round.
        shipped: Whether it passed the gate; the others are red.
    """

    letter: str
    cost: float
    top1: float
    square: bool
    shipped: bool


def tradeoff(points: Sequence[Point], reference: float, max_degradation: float, scale: float, unit: str) -> bytes:
    """Draws accuracy against size or latency.

    Args:
        points: The variants.
        reference: The Keras model's top-1.
        max_degradation: Points that the gate allows to lose.
        scale: What a cost is divided by.
        unit: What it is then.
    """
    figure, axes = plt.subplots(figsize=(5.2, 3.6), layout="constrained")
    costs = [point.cost / scale for point in points]
    room = max((max(costs) / min(costs)) ** 0.12, ROOM)
    axes.set(xscale="log", xlim=(min(costs) / room, max(costs) * room))
    gate = 100 * reference - max_degradation
    lowest = floor([100 * reference, gate, *(100 * point.top1 for point in points if point.shipped)])
    axes.axhline(100 * reference, color=GREY, linestyle="--", linewidth=1)
    axes.axhline(gate, color=RED, linewidth=1)
    places = []
    for point in points:
        height = max(100 * point.top1, lowest)
        below = 100 * point.top1 < lowest
        axes.plot(
            point.cost / scale,
            height,
            marker="v" if below else "s" if point.square else "o",
            markersize=7,
            markerfacecolor="none" if point.square else None,
            markeredgewidth=1.5,
            color=BLUE if point.shipped else RED,
            linestyle="none",
            clip_on=False,
        )
        places.append(
            (point.cost / scale, height, f"{point.letter} ({100 * point.top1:.1f})" if below else point.letter)
        )
    axes.margins(y=0.12)
    axes.xaxis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:,.4g}"))
    axes.xaxis.set_minor_formatter(matplotlib.ticker.LogFormatter(minor_thresholds=(1.5, 0.6)))
    axes.tick_params(which="both", labelsize=9)
    axes.set_xlabel(unit, fontsize=10)
    axes.set_ylabel("top-1 in %", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    figure.canvas.draw()  # places the axes, so that one can tell what is near
    for x, y, text in _together(places, axes):
        axes.annotate(text, (x, y), textcoords="offset points", xytext=(7, 5), fontsize=10, zorder=4, bbox=PLAIN)
    return png(figure)


def _together(places: Sequence[tuple[float, float, str]], axes: Any) -> list[tuple[float, float, str]]:
    """Returns the texts, those of points that lie near each other in one."""
    found: list[tuple[float, float, list[str]]] = []
    spots = axes.transAxes.inverted().transform(axes.transData.transform([place[:2] for place in places]))
    taken: list[Any] = []
    for spot, (x, y, text) in zip(spots, places, strict=True):
        for other, (_, _, texts) in zip(taken, found, strict=True):
            if abs(spot[0] - other[0]) < NEAR[0] and abs(spot[1] - other[1]) < NEAR[1]:
                texts.append(text)
                break
        else:
            taken.append(spot)
            found.append((x, y, [text]))
    return [(x, y, " ".join(texts)) for x, y, texts in found]
