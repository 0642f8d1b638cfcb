"""Loss and accuracy by epoch, as the bytes of a PNG."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from train.drawing import RIGHT, png
from train.fitting.history import Epoch


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
    return png(figure)
