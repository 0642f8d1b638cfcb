"""From a run to a bundle, step by step: convert, prove, judge, write."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_runtime.bundle.manifest import SCHEMA_VERSION, LeftOut, Manifest
from edge_runtime.bundle.store import Bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.runtimes import find
from export.conversion.representative import chosen as calibration_of
from export.mixing import hurt, mix
from export.progress import Progress
from export.proof import golden, latency
from export.proof.gate import result_of
from export.proof.parity import Reference
from export.reporting.report import Report
from export.request import Request
from export.tasks import read, scores_at
from export.trial import Trial
from export.trials import try_all
from export.verdict import judged

TIMED = 16  # pictures that are shown in turns when latency is measured


@dataclass(frozen=True)
class Outcome:
    """The bundle that was written, None where nothing passed the gate, and what is known of all that was tried."""

    bundle: Bundle | None
    report: Report


def export(request: Request, target: Path, jobs: int, progress: Progress) -> Outcome:
    """Makes the bundle; its gate result names what was left out. Where nothing passed, none is written.

    Args:
        request: What to export.
        target: The bundle's directory; an older bundle there is replaced in one step.
        jobs: How many processes convert and prove side by side.
        progress: Told what happens.

    Raises:
        RunError: The model is not a classifier for the run's spec.
        BundleError: The disk refused; an older bundle stays.
    """
    options, spec = request.options, request.run.spec
    calibration = calibration_of(request.prepared, options.calibration, options.seed)
    test = request.prepared.split("test")
    with tempfile.TemporaryDirectory(prefix="export-") as directory:
        place = Path(directory)
        tried = try_all(request, place, jobs, progress)
        request = replace(request, temperature=tried.temperature)
        reference = Reference(np.array(read(scores_at(place, "test"))), np.asarray(test.labels))
        trials = _timed(tried.trials, request)
        trials = _gated(trials, reference, request, progress)
        if names := hurt(trials, reference, options.gate):
            mixed = mix(request, place, tried, names, jobs, progress)
            trials = _gated(_timed([*trials, *mixed], request), reference, request, progress)
    progress.clear()

    passed = [trial for trial in trials if trial.refusal is None]
    calibrated = any(trial.recipe.calibrated for trial in passed)
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name=options.name,
        version=options.version,
        spec=spec,
        variants=tuple(trial.variant() for trial in passed),
        gate=result_of(options.gate, reference, _left_out(trials)),
        provenance=replace(request.provenance, calibration=calibration if calibrated else None),
        files={},  # write_bundle fills it in
        threshold=tried.threshold.score,
        temperature=tried.temperature,
    )
    report = Report(trials, reference, manifest, test.pixels, tried.untempered, tried.study)
    if not passed:
        return Outcome(None, report)
    contents = {f"variants/{trial.recipe.name}": trial.content for trial in passed}
    contents |= golden.files(
        test, tried.samples, spec.labels, {t.recipe.name: t.golden for t in passed if t.golden is not None}
    )
    contents |= report.files()
    contents["labels.txt"] = "".join(f"{label}\n" for label in spec.labels).encode()
    contents["README.md"] = report.card()
    return Outcome(write_bundle(target, manifest, contents), report)


def _timed(trials: Sequence[Trial], request: Request) -> list[Trial]:
    """Returns the trials with the latency that they have when nothing runs beside them."""
    runtimes = {}
    for trial in trials:
        if trial.parity:
            name = trial.recipe.name
            runtimes[name] = find(trial.recipe.format).load(Path(name), 1, trial.content)
    taken = latency.measure(runtimes, request.prepared.split("test").pixels[:TIMED])
    return [
        replace(trial, parity=replace(trial.parity, latency=taken[trial.recipe.name])) if trial.parity else trial
        for trial in trials
    ]


def _gated(trials: Sequence[Trial], reference: Reference, request: Request, progress: Progress) -> list[Trial]:
    """Returns the trials with the gate's verdict, told where it is a refusal."""
    found = judged(trials, reference, request.options.gate, request.run.spec.labels)
    for before, after in zip(trials, found, strict=True):
        if after.refusal and not before.refusal:
            progress.left_out(after.recipe.name, after.told or after.refusal)
    return found


def _left_out(trials: Sequence[Trial]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(trial.recipe.name, trial.refusal) for trial in trials if trial.refusal)
