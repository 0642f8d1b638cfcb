"""The trials of a search for people: a table of the best, and all of them as a picture."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from edge_runtime.commands.table import size, table
from train.drawing import RIGHT, png
from train.tuning.record import StudyRecord, Trial, front
from train.tuning.space import Space
from train.tuning.told import described

GREY = "#888888"
WIDE = 4.0  # times the fastest; where all are nearer a logarithm would have no ticks


def best_of(record: StudyRecord, space: Space) -> str:
    """Returns the front as a table, the most accurate first."""
    header = ["trial", "int8", "float32", "ms", "size", "configuration"]
    rows = [
        [
            trial.name,
            f"{trial.measured.accuracy:.4f}",
            f"{trial.float32:.4f}",
            f"{trial.measured.latency * 1e3:.3g}",
            size(trial.measured.size),
            described(trial.config, space),
        ]
        for trial in front(record.trials)
        if trial.measured
    ]
    return table(header, rows, right=(1, 2, 3, 4))


def pareto(record: StudyRecord) -> bytes:
    """Returns a PNG: accuracy against latency of every finished trial's int8 file, each named, the front joined."""
    best = front(record.trials)
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.subplots()
    line = [(one.measured.latency * 1e3, one.measured.accuracy) for one in reversed(best) if one.measured]
    axes.plot(*zip(*line, strict=True), color=RIGHT, drawstyle="steps-post", linewidth=1, zorder=1)
    finished = [trial for trial in record.trials if trial.measured]
    for trial in finished:
        _mark(axes, trial, trial in best)
    if _spread(finished) > WIDE:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.margins(x=0.1, y=0.1)
    axes.grid(alpha=0.3, which="both")
    measured = [trial.measured for trial in finished if trial.measured]
    machines = ", ".join(dict.fromkeys(f"{one.runtime} on {one.machine}" for one in measured))
    axes.set(
        title=f"{record.dataset}: {len(finished)} trials, blue: none is as fast and more accurate",
        xlabel=f"ms a picture, full int8, one thread, {machines}",
        ylabel=f"share right of the int8 file, {record.validation:,} validation pictures",
    )
    return png(figure)


def _mark(axes: Axes, trial: Trial, best: bool) -> None:
    assert trial.measured is not None
    place = (trial.measured.latency * 1e3, trial.measured.accuracy)
    colour = RIGHT if best else GREY
    axes.plot(*place, "o", color=colour, markerfacecolor=colour if best else "none", zorder=2)
    axes.annotate(
        f"{trial.number} {trial.config.model}" if best else str(trial.number),
        place,
        xytext=(5, 5),
        textcoords="offset points",
        fontsize=8,
        color=colour,
    )


def _spread(trials: Sequence[Trial]) -> float:
    found = [trial.measured.latency for trial in trials if trial.measured]
    return max(found) / min(found)
