"""The parity report for people, in the bundle and beside it, and the model card.

In the bundle there are no times: they always differ, and the same run exported twice must give the same bytes. The page
beside the bundle has all that the one inside has, and the times with the machine that took them. Each page is one file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.manifest import Manifest
from edge_runtime.commands.info import demands
from export.proof.arrays import confusion_of
from export.proof.gate import demands_of
from export.proof.parity import Parity, Reference
from export.proof.study import Study
from export.reporting import plots
from export.reporting.figures import parity_json
from export.reporting.measured import Measured
from export.reporting.thumbnails import Inlined, inlined, thumbnails
from export.reporting.tradeoff import Point, tradeoff
from export.reporting.variants_plot import BLUE, RED, Bar
from export.trial import Trial

TEMPLATES = Path(__file__).parent / "templates"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
MATRIX = 30  # labels; a matrix of more has cells that nobody can read, and with 1,000 would be 10 m wide
ROWS = 24  # of a table, which otherwise has one for each label
PAIRS = 15  # of labels that are confused most
FEWEST = 50  # pictures of a label; with fewer, one of them is more than 2 points


@dataclass(frozen=True)
class Report:
    """All that a report is made of.

    Attributes:
        trials: What was tried; the gate was asked.
        reference: What they are compared with.
        manifest: The bundle's.
        pixels: uint8 ``[n, h, w, 3]``, the test split; only pictures that are shown are read.
        untempered: The Keras model's calibration error without the temperature.
        study: How many representative pictures are enough; None where nobody asked.
    """

    trials: Sequence[Trial]
    reference: Reference
    manifest: Manifest
    pixels: NDArray[np.uint8]
    untempered: float
    study: Study | None = None

    def files(self) -> dict[str, bytes]:
        """Returns the report's files by their path in the bundle. The same figures give the same bytes."""
        spec, gate = self.manifest.spec, demands_of(self.manifest.gate)
        bars = [
            Bar(trial.recipe.name, len(trial.content), parity.top1, RED if trial.refusal else BLUE)
            for trial, parity in self._proved
        ]
        return {
            "reports/parity.json": parity_json(
                self.trials, self.reference, spec, gate, (self.manifest.temperature, self.untempered), self.study
            ),
            "reports/parity.html": self._page(None),
            # A file of its own for the model card, which is no page.
            "reports/variants.png": plots.variants(bars, self.reference.top1, gate.max_degradation),
        }

    def card(self) -> bytes:
        """Returns the bundle's ``README.md``: YAML front matter and what a reader must know of the model."""
        values = {"trials": self.trials, "reference": self.reference, "manifest": self.manifest}
        return _render("card.md", **values, demands=demands(self.manifest.gate))

    def beside(self, measured: Measured) -> bytes:
        """Returns the page for beside the bundle, with latency: the same figures give other bytes each time."""
        return self._page(measured)

    @property
    def _proved(self) -> list[tuple[Trial, Parity]]:
        return [(trial, trial.parity) for trial in self.trials if trial.parity]

    def _page(self, measured: Measured | None) -> bytes:
        baselines = {t.recipe.format: p.latency for t, p in self._proved if t.recipe.name.startswith("float32.")}
        return _render(
            "parity.html",
            **self._pictures,
            report=self,
            manifest=self.manifest,
            reference=self.reference,
            demands=demands(self.manifest.gate),
            trials=list(zip(LETTERS, self.trials, strict=False)),
            proved=self._proved,
            rows=_rows([parity.per_label_change for _, parity in self._proved]),
            labels=self.manifest.spec.labels,
            smallest=min((count for count in self._counts if count), default=0),
            few=FEWEST,
            study=self.study,
            measured=measured,
            baselines=baselines,
            latency_plot=self._tradeoff(latency=True) if measured else None,
        )

    @property
    def _counts(self) -> tuple[int, ...]:
        return self.reference.count(np.ones(len(self.reference.labels), np.bool_))

    @cached_property
    def _pictures(self) -> dict[str, Any]:
        """What both pages show; drawn once."""
        reference = self.reference
        shown = [one.index for _, parity in self._proved for one in parity.disagreements]
        matrices, pairs = self._confusions()
        return {
            "size_plot": self._tradeoff(latency=False),
            "reliability": [
                inlined(plots.reliability(trial.recipe.name, parity.reliability, reference.reliability, parity.samples))
                for trial, parity in self._proved
            ],
            "thumbnails": thumbnails(self.pixels, shown),
            "matrices": matrices,
            "pairs": pairs,
            "study_plot": inlined(plots.study(self.study)) if self.study else None,
            "sensitivity_plots": [
                (trial.recipe.name, inlined(plots.sensitivity(trial.sensitivities)))
                for trial in self.trials
                if trial.sensitivities
            ],
        }

    def _tradeoff(self, latency: bool) -> Inlined:
        points = [
            Point(
                letter,
                trial.parity.latency if latency else len(trial.content),
                trial.parity.top1,
                trial.recipe.format == "onnx",
                trial.refusal is None,
            )
            for letter, trial in zip(LETTERS, self.trials, strict=False)
            if trial.parity
        ]
        scale, unit = (1e-6, "µs a picture, one thread") if latency else (1e3, "kB")
        gate = self.manifest.gate
        return inlined(tradeoff(points, gate.reference_top1, gate.max_degradation, scale, unit))

    def _confusions(self) -> tuple[list[Inlined], list[tuple[int, int, int, list[int]]]]:
        """Returns confusion matrices, or where labels are too many the pairs that are confused most.

        A pair is ``(true, predicted, pictures of Keras, [pictures of each variant])``.
        """
        labels = self.manifest.spec.labels
        count = len(labels)
        own = confusion_of(self.reference.labels, self.reference.predicted, count)
        if count <= MATRIX:
            keras = _dense(own, count)
            found = [plots.confusion("Keras: pictures", keras, labels, change=False)]
            for trial, parity in self._proved:
                change = _dense(parity.confusion, count) - keras
                if change.any():
                    found.append(plots.confusion(f"{trial.recipe.name}: change", change, labels, change=True))
            return [inlined(png) for png in found], []
        by_variant = [{pair[:2]: pair[2] for pair in parity.confusion} for _, parity in self._proved]
        wrong = sorted((pair for pair in own if pair[0] != pair[1]), key=lambda pair: (-pair[2], pair))[:PAIRS]
        return [], [(*pair, [each.get(pair[:2], 0) for each in by_variant]) for pair in wrong]


def _rows(changes: Sequence[tuple[float | None, ...]]) -> list[int]:
    """Returns the labels that the page lists: all where they are few, else those that change most."""
    count = len(changes[0]) if changes else 0
    if count <= ROWS:
        return list(range(count))
    most = [max(abs(change[label] or 0.0) for change in changes) for label in range(count)]
    return sorted(sorted(range(count), key=lambda label: (-most[label], label))[:ROWS])


def _dense(pairs: Sequence[tuple[int, int, int]], count: int) -> NDArray[np.int64]:
    matrix = np.zeros((count, count), np.int64)
    for true, predicted, pictures in pairs:
        matrix[true, predicted] = pictures
    return matrix


def _render(template: str, **values: Any) -> bytes:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=template.endswith(".html"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values).encode()
