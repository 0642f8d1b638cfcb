"""A network as a picture: a row for each layer, a line from each to those that take what it gives.

Keras' `plot_model` would need graphviz' program `dot`, which is no Python package and which nobody's image has.
"""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from train.backend import keras
from train.drawing import png

ROW, WIDTH = 0.3, 7.1  # inches
MOST_ROWS = 1500  # at 36 dots each; a PNG of matplotlib has 65,535 at most
LEFT, RIGHT = 0.8, 6.9  # of the boxes
AROUND = "#1f5fbf"
COLOURS = {
    "weights": "#d6e4f7",
    "normalising": "#e4f1e1",
    "other": "#f2f2f2",
}


def diagram(model: Any) -> bytes:
    """Returns a PNG of a Functional or Sequential model; models inside of it are drawn as one row each."""
    operations = list(getattr(model, "operations", model.layers))
    left_out = max(0, len(operations) - MOST_ROWS)
    rows = operations[:MOST_ROWS]
    lanes: list[int] = []
    number = {operation.name: index for index, operation in enumerate(rows)}
    figure = Figure(figsize=(WIDTH, ROW * (len(rows) + 2)))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, WIDTH), ylim=(len(rows) + 1.2, -0.8))
    axes.axis("off")
    for index, operation in enumerate(rows):
        box = FancyBboxPatch(
            (LEFT, index - 0.32), RIGHT - LEFT, 0.64, boxstyle="round,pad=0,rounding_size=0.1",
            facecolor=COLOURS[_colour(operation)], edgecolor="#888888", linewidth=0.6,
        )  # fmt: skip
        axes.add_patch(box)
        axes.text(LEFT + 0.1, index, _short(operation.name, 38), va="center", fontsize=7)
        axes.text(LEFT + 2.9, index, _short(type(operation).__name__, 24), va="center", fontsize=7, color="#444444")
        axes.text(RIGHT - 1.0, index, _shape(operation), va="center", ha="right", fontsize=7)
        parameters = operation.count_params() if getattr(operation, "weights", None) else 0
        axes.text(RIGHT - 0.1, index, f"{parameters:,}" if parameters else "", va="center", ha="right", fontsize=7)
        for before in sorted({number[name] for name in _before(operation) if name in number}):
            if before == index - 1:
                _next(axes, before)
            else:
                _around(axes, before, index, _lane(lanes, before, index))
    end = f"{model.count_params():,} parameters" + (f"; {left_out:,} more layers are not drawn" if left_out else "")
    axes.text(RIGHT - 0.1, len(rows) + 0.1, end, va="center", ha="right", fontsize=7)
    return png(figure)


def _next(axes: Any, start: int) -> None:
    middle = (LEFT + RIGHT) / 2
    axes.annotate("", (middle, start + 1 - 0.32), (middle, start + 0.32), arrowprops=_arrow())


def _around(axes: Any, start: int, end: int, lane: int) -> None:
    """Draws a line beside the rows between, each lane further out; none leaves the picture."""
    out = LEFT - min(0.7, 0.2 + 0.12 * lane)
    axes.plot([LEFT, out, out], [start, start, end], color=AROUND, linewidth=0.8)
    axes.annotate("", (LEFT, end), (out, end), arrowprops=_arrow(AROUND))


def _lane(lanes: list[int], start: int, end: int) -> int:
    """Returns the first lane that is free from `start` on and takes it up to `end`; `lanes` holds where each ends."""
    for lane, taken in enumerate(lanes):
        if taken < start:
            lanes[lane] = end
            return lane
    lanes.append(end)
    return len(lanes) - 1


def _arrow(colour: str = "#444444") -> dict[str, Any]:
    return {"arrowstyle": "-|>", "color": colour, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 6}


def _before(operation: Any) -> list[str]:
    """Returns the names of the layers whose outputs `operation` takes."""
    return [
        tensor._keras_history.operation.name for node in operation._inbound_nodes[:1] for tensor in node.input_tensors
    ]


def _colour(operation: Any) -> str:
    if isinstance(operation, keras.layers.BatchNormalization):
        return "normalising"
    return "weights" if getattr(operation, "weights", None) else "other"


def _shape(operation: Any) -> str:
    shape = getattr(getattr(operation, "output", None), "shape", None)
    return "" if shape is None else " × ".join(str(side) for side in shape[1:])


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
