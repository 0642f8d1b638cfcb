"""The gate's verdict on all trials of an export: what each lacks, and which other recipe has it."""

from collections.abc import Sequence
from dataclasses import replace

from edge_runtime.bundle.manifest import Format
from export.conversion.recipes import RECIPES
from export.proof.gate import Gate, refusal
from export.proof.parity import Parity, Reference
from export.trial import Trial

PLAIN = "float32."  # what max-latency compares with, and what nobody needs to be told to try


def judged(trials: Sequence[Trial], reference: Reference, gate: Gate, labels: Sequence[str]) -> list[Trial]:
    """Returns the trials with the gate's verdict; those that failed before come back as they are.

    Args:
        trials: Measured, also their latency.
        reference: What they were measured against.
        gate: What is demanded.
        labels: Names of the labels.
    """
    # Whether float32 passes itself or not.
    baselines = {
        trial.recipe.format: trial.parity.latency
        for trial in trials
        if trial.parity and trial.recipe.name.startswith(PLAIN)
    }

    def verdict(trial: Trial, parity: Parity, passed: Sequence[str] = (), timed: bool = False) -> str | None:
        baseline = baselines.get(trial.recipe.format)
        size, calibrated = len(trial.content), trial.recipe.calibrated
        return refusal(
            parity,
            size,
            reference,
            gate,
            baseline,
            labels=labels,
            calibrated=calibrated,
            passed=passed,
            untried=_untried(trial, trials),
            smaller=_smaller(trial, trials, gate),
            timed=timed,
        )

    passed = [trial for trial in trials if trial.parity and not trial.refusal and not verdict(trial, trial.parity)]
    found = []
    for trial in trials:
        if trial.parity is None or trial.refusal:
            found.append(trial)
            continue
        others = _smallest_first(passed, trial.recipe.format)
        told = verdict(trial, trial.parity, others, timed=True)
        found.append(replace(trial, refusal=verdict(trial, trial.parity, others), told=told))
    return found


def _smallest_first(passed: Sequence[Trial], form: Format) -> list[str]:
    chosen = [trial for trial in passed if trial.recipe.format == form and not trial.recipe.name.startswith(PLAIN)]
    return [trial.recipe.name for trial in sorted(chosen, key=lambda trial: len(trial.content))]


def _untried(trial: Trial, trials: Sequence[Trial]) -> list[str]:
    tried = {other.recipe.name for other in trials}
    usual = [recipe.name for recipe in RECIPES if recipe.usual and recipe.format == trial.recipe.format]
    return [name for name in usual if name not in tried and not name.startswith(PLAIN)]


def _smaller(trial: Trial, trials: Sequence[Trial], gate: Gate) -> list[str]:
    """Returns recipes that were not tried and would fit `max_size`, if a file's size goes with the bits of a weight.

    It does but for a twentieth: of 971 kB in float32, int8 makes 254 kB and int4 133 kB.
    """
    if gate.max_size is None:
        return []
    own, tried = trial.recipe, {other.recipe.name for other in trials}
    found = [
        recipe
        for recipe in RECIPES
        if recipe.format == own.format
        and recipe.name not in tried
        and recipe.bits < own.bits
        and len(trial.content) * recipe.bits <= gate.max_size * own.bits
        and (recipe.usual or gate.max_latency is None)  # those that are not usual are slow
    ]
    return [recipe.name for recipe in sorted(found, key=lambda recipe: not recipe.usual)]
