"""The picture of a bundle's variants: how large, and how accurate within what the gate allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FAR = 4.0  # times the span of what must be told apart: a variant that knows nothing would press all others into a line
BLUE, RED, GREY = "#1f6fb4", "#c2342b", "#8a8f98"


@dataclass(frozen=True)
class Bar:
    """A variant in the picture.

    Attributes:
        name: The variant's.
        size: Bytes.
        top1: Fraction of the test split.
        colour: Of its bar and its point.
    """

    name: str
    size: int
    top1: float
    colour: str = BLUE


def floor(shown: Sequence[float]) -> float:
    """Returns the lowest accuracy to draw where it is, in percent; what is below is drawn at the edge.

    Args:
        shown: What must be told apart: the Keras model's, the gate's, those of variants that passed.
    """
    return min(shown) - FAR * max(max(shown) - min(shown), 0.1)


def draw_variants(left: Any, right: Any, bars: Sequence[Bar], reference: float, max_degradation: float) -> None:
    """Draws sizes into the axes `left` and accuracies into `right`, which share their vertical axis.

    Args:
        left: Axes of matplotlib.
        right: Likewise.
        bars: The first one is drawn at the top.
        reference: The Keras model's top-1, a fraction.
        max_degradation: Points of top-1 that the gate allows to lose.
    """
    lines = bars[::-1]  # the vertical axis grows upwards
    names, colours = [bar.name for bar in lines], [bar.colour for bar in lines]
    left.barh(names, [bar.size / 1e3 for bar in lines], color=colours, height=0.6)
    left.bar_label(left.containers[0], fmt="{:,.0f} kB", padding=4, fontsize=9)
    left.margins(x=0.3)
    left.set_title("size", fontsize=10)
    right.axvline(100 * reference, color=GREY, linestyle="--", linewidth=1)
    right.axvline(100 * reference - max_degradation, color=RED, linewidth=1)
    gate = 100 * reference - max_degradation
    lowest = floor([100 * reference, gate, *(100 * bar.top1 for bar in bars if bar.colour != RED)])
    for bar in lines:
        place = (max(100 * bar.top1, lowest), bar.name)
        right.scatter(*place, color=bar.colour, marker="o" if 100 * bar.top1 >= lowest else "<", zorder=3)
        text = f"{100 * bar.top1:.2f}"
        right.annotate(text, place, textcoords="offset points", xytext=(0, 6), ha="center", fontsize=8)
    right.margins(x=0.15, y=0.15)
    right.set_title(f"top-1 in % (dashed: Keras {100 * reference:.2f}; red: the gate)", fontsize=10)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
