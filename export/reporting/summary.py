"""The parity report on a terminal: one line a variant, at most 100 columns."""

from collections.abc import Sequence

from edge_runtime.commands.table import size, table
from export.proof.parity import Reference
from export.trial import Trial

NONE = "–"
LEGEND = "differ: largest difference of a score; ECE: calibration error; p: McNemar against Keras; µs: here"


def summary(trials: Sequence[Trial], reference: Reference) -> str:
    """Returns the table; times are this machine's.

    Args:
        trials: Which were tried; the gate was asked.
        reference: What they are compared with.
    """
    keras = [reference.top1, reference.top_k, None, None, reference.calibration_error]
    rows = [["Keras", NONE, *(_fraction(value) for value in keras), NONE, NONE, NONE]]
    for trial in trials:
        cells = [trial.recipe.name, size(len(trial.content)) if trial.content else NONE]
        if parity := trial.parity:
            values = [parity.top1, parity.top_k, parity.agreement, parity.largest_difference, parity.calibration_error]
            cells += [*(_fraction(value) for value in values), _chance(parity.p), f"{parity.latency * 1e6:.0f}"]
        else:
            cells += [NONE] * 7
        rows.append([*cells, "LEFT OUT" if trial.refusal else "shipped"])
    header = ["variant", "size", "top-1", f"top-{reference.k}", "agree", "differ", "ECE", "p", "µs", "gate"]
    if reference.k == reference.scores.shape[1]:  # with all labels among the best, top-k is 1 and says nothing
        header, *rows = ([*line[:3], *line[4:]] for line in (header, *rows))
    return f"{table(header, rows, right=range(1, len(header) - 1))}\n{LEGEND}"


def _fraction(value: float | None) -> str:
    return NONE if value is None else f"{value:.4f}"


def _chance(p: float) -> str:
    return "<.001" if p < 0.001 else f"{p:.3f}"
