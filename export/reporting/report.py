"""The parity report: `parity.json` for programs, `parity.html` and plots for people. No times: they always differ."""

import io
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import matplotlib
import numpy as np

from edge_runtime.bundle import fields
from edge_runtime.bundle.manifest import Manifest
from edge_runtime.bundle.spec import ModelSpec
from export.proof.parity import Parity, Reference, confusion_of
from export.reporting.variants_plot import BLUE, RED, Bar, draw_variants
from export.trial import Trial

matplotlib.use("Agg")

from matplotlib import pyplot as plt

TEMPLATES = Path(__file__).parent / "templates"
CELLS_READABLE = 12  # up to so many labels, the matrix shows numbers
MOST_COLUMNS = 2  # of confusion matrices: more of them beside each other cannot be read


def reports(trials: Sequence[Trial], reference: Reference, manifest: Manifest) -> dict[str, bytes]:
    """Returns the report's files by their path in the bundle. The same figures give the same bytes."""
    spec = manifest.spec
    return {
        "reports/parity.json": fields.canonical(_plain(trials, reference, spec)),
        "reports/parity.html": _page("parity.html", trials=trials, reference=reference, manifest=manifest),
        "reports/variants.png": _variants(trials, reference, manifest.gate.max_degradation),
        "reports/confusion.png": _confusions(trials, reference, spec.labels),
    }


def model_card(trials: Sequence[Trial], reference: Reference, manifest: Manifest) -> bytes:
    """Returns the bundle's ``README.md``: YAML front matter and what a reader must know of the model."""
    return _page("card.md", trials=trials, reference=reference, manifest=manifest)


def _page(template: str, **values: Any) -> bytes:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=template.endswith(".html"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values).encode()


def _plain(trials: Sequence[Trial], reference: Reference, spec: ModelSpec) -> dict[str, Any]:
    return {
        "labels": spec.labels,
        "reference": {"samples": len(reference.labels), "top1": reference.top1},
        "variants": {
            trial.recipe.name: {
                "shipped": trial.refusal is None,
                "reason": trial.refusal,
                "size": len(trial.content),
                "runtime": trial.runtime,
            }
            | _figures(trial.parity)
            for trial in trials
        },
    }


def _figures(parity: Parity | None) -> dict[str, Any]:
    if parity is None:
        return {}
    figures = fields.plain(parity) | {"top1": parity.top1}
    del figures["latency"]
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in figures.items()
    }


def _variants(trials: Sequence[Trial], reference: Reference, max_degradation: float) -> bytes:
    """Draws a line for each variant that could be measured, in red those that were left out."""
    bars = [
        Bar(trial.recipe.name, len(trial.content), trial.parity.top1, RED if trial.refusal else BLUE)
        for trial in trials
        if trial.parity
    ]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, 1.2 + 0.42 * len(bars)), sharey=True, layout="constrained", width_ratios=(3, 4)
    )
    draw_variants(left, right, bars, reference.top1, max_degradation)
    return _png(figure)


def _confusions(trials: Sequence[Trial], reference: Reference, labels: Sequence[str]) -> bytes:
    """Draws the Keras model's confusion matrix and, beside it, what each variant changes in it."""
    own = confusion_of(reference.labels, reference.scores.argmax(1), len(labels))
    changes = [(t.recipe.name, np.array(t.parity.confusion) - own) for t in trials if t.parity]
    panels = [("Keras: pictures", own), *((f"{name}: change", change) for name, change in changes if change.any())]
    side = max(4.0, 0.46 * len(labels))
    columns = min(MOST_COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure, grid = plt.subplots(
        rows, columns, figsize=(side * columns, side * rows), layout="constrained", squeeze=False
    )
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, (title, matrix) in zip(grid.flat, panels, strict=False):
        change = matrix is not own
        reach = max(1, abs(matrix).max())
        axes.imshow(matrix, cmap="RdBu" if change else "Blues", vmin=-reach if change else 0, vmax=reach)
        axes.set_title(title, fontsize=9)
        few = len(labels) <= CELLS_READABLE
        axes.set_xticks(range(len(labels)) if few else [], labels if few else [], rotation=90, fontsize=8)
        axes.set_yticks(range(len(labels)) if few else [], labels if few else [], fontsize=8)
        if few:
            for (row, column), value in np.ndenumerate(matrix):
                if value:
                    dark = abs(value) > 0.6 * reach
                    axes.text(column, row, f"{value:+d}" if change else value, ha="center", va="center", fontsize=7,
                              color="white" if dark else "black")  # fmt: skip
    figure.supxlabel("predicted", fontsize=9)
    figure.supylabel("true", fontsize=9)
    return _png(figure)


def _png(figure: Any) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # Labels that matplotlib's own font cannot draw become boxes: another font would make the bundle's bytes depend
        # on what this machine has installed. The tables of parity.html show them as they are.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    plt.close(figure)
    return buffer.getvalue()
