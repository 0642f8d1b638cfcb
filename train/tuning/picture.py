"""The trials of a search for people: a table of the best, and all of them as a picture."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from matplotlib.transforms import Bbox

from edge_runtime.commands.table import size, table
from train.drawing import RIGHT, png
from train.tuning.record import StudyRecord, Trial, front
from train.tuning.space import Space
from train.tuning.told import described

GREY = "#888888"
# Of a name beside its dot, in points, and how it is aligned there; the first that is free is taken.
PLACES = [
    ((5 * step * x, 5 * step * y), "left" if x > 0 else "right", "bottom" if y > 0 else "top")
    for step in (1, 3, 5)
    for x, y in ((1, 1), (1, -1), (-1, 1), (-1, -1))
]
DOT = 4.0  # pixels from its middle to its edge
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
    return png(drawn(record))


def drawn(record: StudyRecord) -> Figure:
    """Returns the picture of `pareto`."""
    best = front(record.trials)
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.subplots()
    line = [(one.measured.latency * 1e3, one.measured.accuracy) for one in reversed(best) if one.measured]
    axes.plot(*zip(*line, strict=True), color=RIGHT, drawstyle="steps-post", linewidth=1, zorder=1)
    finished = [trial for trial in record.trials if trial.measured]
    names = [_mark(axes, trial, trial in best) for trial in sorted(finished, key=lambda trial: trial not in best)]
    if _spread(finished) > WIDE:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.margins(x=0.15, y=0.1)
    axes.grid(alpha=0.3, which="both")
    measured = [trial.measured for trial in finished if trial.measured]
    machines = ", ".join(dict.fromkeys(f"{one.runtime} on {one.machine}" for one in measured))
    count = "1 trial" if len(finished) == 1 else f"{len(finished)} trials"
    axes.set(
        title=f"{record.dataset}: {count}, blue: none is as fast and more accurate",
        xlabel=f"ms a picture, full int8, one thread, {machines}",
        ylabel=f"share right of the int8 file, {record.validation:,} validation pictures",
    )
    _keep_apart(figure, names)
    return figure


def _keep_apart(figure: Figure, names: Sequence[Annotation]) -> None:
    """Moves each name to where it covers no other one, if there is such a place: the front's first, they are kept."""
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()  # only now it is known where the points are
    axes = figure.axes[0]
    frame = axes.bbox
    # Also not over the dot of another one on the front, whose name it would seem to be.
    dots = axes.transData.transform([name.xy for name in names if name.get_color() == RIGHT])
    taken = [Bbox([dot - DOT, dot + DOT]) for dot in dots]
    for name in names:
        for place, across, along in PLACES:
            name.set(position=place, horizontalalignment=across, verticalalignment=along)
            box = name.get_window_extent()
            if frame.containsx(box.x1) and frame.containsx(box.x0) and not any(map(box.overlaps, taken)):
                taken.append(box)
                break
        else:
            name.set_visible(False)  # a grey dot among many; study.json has its figures


def _mark(axes: Axes, trial: Trial, best: bool) -> Annotation:
    assert trial.measured is not None
    place = (trial.measured.latency * 1e3, trial.measured.accuracy)
    colour = RIGHT if best else GREY
    axes.plot(*place, "o", color=colour, markerfacecolor=colour if best else "none", zorder=2)
    return axes.annotate(
        f"{trial.number} {trial.config.model}" if best else str(trial.number),
        place,
        xytext=PLACES[0][0],
        textcoords="offset points",
        fontsize=8,
        color=colour,
    )


def _spread(trials: Sequence[Trial]) -> float:
    found = [trial.measured.latency for trial in trials if trial.measured]
    return max(found) / min(found)
