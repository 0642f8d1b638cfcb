"""From a run to a bundle, step by step: convert, prove, judge, write."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_runtime.bundle.manifest import SCHEMA_VERSION, GateResult, LeftOut, Manifest
from edge_runtime.bundle.store import Bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.console import say
from edge_runtime.errors import BundleError
from export.conversion.graph import DeployedGraph, load_graph
from export.conversion.representative import representative
from export.proof import golden
from export.proof.parity import Reference
from export.proof.threshold import choose as choose_threshold
from export.reporting.report import model_card, reports
from export.request import Request
from export.trial import Trial, convert, prove

FEW = 1000  # test pictures; below, one of them is more than a tenth of the gate's usual point


@dataclass(frozen=True)
class Outcome:
    """The bundle that was written and all that was tried for it."""

    bundle: Bundle
    trials: tuple[Trial, ...]


def export(request: Request, target: Path) -> Outcome:
    """Makes the bundle; its gate result names what was left out.

    Args:
        request: What to export.
        target: The bundle's directory; an older bundle there is replaced in one step.

    Raises:
        RunError: The model is not a classifier for the run's spec.
        BundleError: No variant passed the gate, or the disk refused; an older bundle stays.
    """
    options, spec = request.options, request.run.spec
    test = request.prepared.split("test")
    labels = np.asarray(test.labels)
    calibration, shown = representative(request.prepared, options.calibration, options.seed)
    graph = load_graph(request.run)
    reference = Reference(graph.scores(test.pixels), labels)
    say(f"Keras: top-1 {reference.top1:.4f} on the {len(labels)} pictures of the test split")

    threshold = _threshold(request, graph)
    if len(labels) < FEW:
        say(f"note: with {len(labels)} test pictures one of them is {100 / len(labels):.1f} points of top-1")
    chosen = golden.choose(labels)
    trials = []
    for number, recipe in enumerate(options.recipes, 1):
        say(f"[{number}/{len(options.recipes)}] {recipe.name}: converting, then proving on the test split")
        trial = convert(recipe, graph, shown, options.name, options.version)
        trial = prove(trial, spec, test.pixels, reference, test.pixels[chosen], options.max_degradation)
        if trial.refusal:
            say(f"      LEFT OUT: {trial.refusal}")
        trials.append(trial)

    passed = [trial for trial in trials if trial.refusal is None]
    if not passed:
        raise BundleError(f"{target}: no variant passed the gate, no bundle was written")
    calibrated = any(trial.recipe.calibrated for trial in passed)
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=options.name,
        version=options.version,
        spec=spec,
        variants=tuple(trial.variant() for trial in passed),
        gate=GateResult(options.max_degradation, len(labels), reference.top1, _left_out(trials)),
        provenance=replace(request.provenance, calibration=calibration if calibrated else None),
        files={},  # write_bundle fills it in
        threshold=threshold,
    )
    contents = {f"variants/{trial.recipe.name}": trial.content for trial in passed}
    contents |= golden.files(
        test, chosen, spec.labels, {t.recipe.name: t.golden for t in passed if t.golden is not None}
    )
    contents |= reports(trials, reference, manifest)
    contents["labels.txt"] = "".join(f"{label}\n" for label in spec.labels).encode()
    contents["README.md"] = model_card(trials, reference, manifest)
    return Outcome(write_bundle(target, manifest, contents), tuple(trials))


def _threshold(request: Request, graph: DeployedGraph) -> float:
    validation = request.prepared.split("validation")
    found = choose_threshold(Reference(graph.scores(validation.pixels), np.asarray(validation.labels)))
    if found.score:
        say(
            f"unknown below {found.score:.3f}: of the validation split that keeps {found.kept:.1%} of the right "
            f"predictions and catches {found.caught:.1%} of the wrong ones"
        )
    return found.score


def _left_out(trials: list[Trial]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(trial.recipe.name, trial.refusal) for trial in trials if trial.refusal)
