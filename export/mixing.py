"""Where int8 lost too much: a file of the same format in which the layers that hurt stay in float32."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from export.conversion.recipes import MIXED
from export.crew import Crew, Task
from export.progress import Progress
from export.proof.gate import Gate, refusal
from export.proof.parity import Reference
from export.request import Request
from export.tasks import mixed, proved, scores_at
from export.trial import Trial
from export.trials import PROVING, Tried

CHOOSING = "choosing layers for"
WIDER = 4  # bytes of a weight in float32 for one in int8


def hurt(trials: Sequence[Trial], reference: Reference, gate: Gate) -> list[str]:
    """Returns the recipes that ran in int8 but lost too much; that one is too large or slow, float32 would not mend.

    One that lost too much and is too large is none of them: with layers in float32 it would be larger still.

    Args:
        trials: Measured.
        reference: What they were measured against.
        gate: What is demanded.
    """
    quality = replace(gate, max_size=None, max_latency=None)
    largest = math.inf if gate.max_size is None else gate.max_size
    return [
        trial.recipe.name
        for trial in trials
        if trial.recipe.name in MIXED
        and trial.parity
        and len(trial.content) <= largest
        and refusal(trial.parity, 0, reference, quality, None)
    ]


def mix(
    request: Request, place: Path, tried: Tried, names: Sequence[str], jobs: int, progress: Progress
) -> list[Trial]:
    """Returns the trials of mixed variants, side by side, measured where there is a file.

    Args:
        request: What to export.
        place: As `try_all` left it.
        tried: Its answer.
        names: The recipes that lost too much.
        jobs: Processes.
        progress: Told what happens.
    """
    gate = request.options.gate
    # Who agrees on so many pictures cannot have lost more points of top-1 than the gate allows.
    wanted = max(1 - gate.max_degradation / 100, gate.min_agreement or 0.0)
    sizes = {trial.recipe.name: len(trial.content) for trial in tried.trials}
    validation, test = scores_at(place, "validation"), scores_at(place, "test")
    recipes = {recipe.name: recipe for recipe in map(MIXED.__getitem__, names)}
    found = {name: Trial(recipe) for name, recipe in recipes.items()}
    with Crew(min(jobs, len(names)), progress) as crew:
        for name in names:
            progress.say(f"{name} lost too much: looking for the layers that must stay in float32")
            recipe = MIXED[name]
            # Where float32 was not asked for it is estimated.
            float32 = sizes.get(f"float32.{recipe.format}") or WIDER * sizes[name]
            crew.submit(Task((CHOOSING, recipe.name), mixed, (request, recipe, validation, wanted, float32)))
        for answer in crew.answers():
            verb, name = cast(tuple[str, str], answer.name)
            found[name] = trial = answer.value or replace(found[name], refusal=f"{verb} failed: {answer.error}")
            if trial.refusal:
                progress.left_out(name, trial.refusal)
            elif verb == CHOOSING:
                kept = [one.name for one in trial.sensitivities if one.kept]
                progress.say(f"{name}: in float32: {', '.join(kept)}")
                crew.submit(Task((PROVING, name), proved, (request, trial, test, tried.samples)))
    return list(found.values())
