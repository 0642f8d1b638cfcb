"""Every recipe's trial, side by side in processes of their own: what can begin begins, and what fails fails alone."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

import numpy as np

from edge_runtime.commands.table import size
from edge_runtime.stages.temperature import fit_temperature, heated
from edge_runtime.stages.threshold import FEWEST
from export.crew import Crew, Task
from export.progress import Progress
from export.proof import golden
from export.proof.parity import Reference
from export.proof.study import Study, StudyPoint
from export.proof.threshold import Threshold
from export.proof.threshold import choose as choose_threshold
from export.request import Request
from export.tasks import converted, judge, proved, read, scores_at, seen, studied, write
from export.trial import Trial

JUDGING, CONVERTING, PROVING = "judging", "converting", "proving"
CALIBRATING = "calibrating with"
STUDIED = "full_int8.tflite"
COUNTS = (10, 30, 100, 300, 1000)  # representative pictures
FEW = 1000  # test pictures; below, one of them is more than a tenth of the gate's usual point


@dataclass(frozen=True)
class Tried:
    """What came of all recipes.

    Attributes:
        trials: In the order of the recipes; the gate was not asked yet.
        samples: Indices of the golden samples in the test split.
        temperature: What the logits are divided by.
        untempered: The calibration error on the test split without it.
        threshold: Below which a prediction is ``unknown``.
        study: How many representative pictures are enough; None where nothing was calibrated.
    """

    trials: tuple[Trial, ...]
    samples: tuple[int, ...]
    temperature: float
    untempered: float
    threshold: Threshold
    study: Study | None


def try_all(request: Request, place: Path, jobs: int, progress: Progress) -> Tried:
    """Converts and proves side by side.

    Args:
        request: What to export.
        place: For files that processes hand each other: the Keras model's scores, with the temperature, are left there,
            see `scores_at`.
        jobs: Processes.
        progress: Told what happens.

    Raises:
        EdgeError: The Keras model could not judge.
    """
    with Crew(jobs, progress) as crew:
        return _Leader(request, place, crew, progress).lead()


class _Leader:
    """Hands out the tasks of an export, each as soon as what it needs is there."""

    def __init__(self, request: Request, place: Path, crew: Crew, progress: Progress) -> None:
        self._request = request
        self._place = place
        self._crew = crew
        self._progress = progress
        self._recipes = {recipe.name: recipe for recipe in request.options.recipes}
        self._found: dict[str, Trial] = {}
        self._judging = {"validation", "test"}  # what the Keras model has not judged yet
        self._waiting: list[Trial] = []  # converted before there was anything to compare with
        self._samples: tuple[int, ...] = ()  # none until the Keras model has judged both splits
        self._untempered = 0.0
        self._threshold = Threshold(0.0, 1.0, 0.0)
        self._points: list[StudyPoint] = []

    def lead(self) -> Tried:
        self._judge("validation")  # first: the temperature that it gives goes into every file
        self._judge("test")
        for answer in self._crew.answers():
            verb, name = cast(tuple[str, str], answer.name)
            if verb == JUDGING:
                if answer.error:
                    raise answer.error
                self._judging.remove(name)
                if name == "validation":
                    self._validation_judged(divisible=answer.value)
                if not self._judging:
                    self._all_judged()
            elif verb == CALIBRATING:
                self._points += [answer.value] if answer.value else []
            else:
                recipe = self._recipes[name]
                self._tried(answer.value or Trial(recipe, refusal=f"{verb} failed: {answer.error}"))
        trials = tuple(self._found[name] for name in self._recipes)
        temperature = self._request.temperature
        return Tried(trials, self._samples, temperature, self._untempered, self._threshold, self._study())

    def _judge(self, split: Literal["validation", "test"]) -> None:
        self._crew.submit(Task((JUDGING, split), judge, (self._request, split, scores_at(self._place, split))))

    def _reference(self, split: Literal["validation", "test"]) -> Reference:
        labels = np.asarray(self._request.prepared.split(split).labels)
        return Reference(read(scores_at(self._place, split)), labels)

    def _all_judged(self) -> None:
        self._untempered = before = self._reference("test").calibration_error
        self._temper("test")
        reference = self._reference("test")
        count = len(reference.labels)
        self._progress.say(f"Keras: top-1 {reference.top1:.4f} on the {count} pictures of the test split")
        if self._request.temperature != 1.0:
            self._progress.say(
                f"temperature {self._request.temperature:g}, fitted on the validation split: on the test split the "
                f"calibration error is {reference.calibration_error:.3f} with it, {before:.3f} without"
            )
        if count < FEW:
            self._progress.say(f"note: with {count} test pictures one of them is {100 / count:.1f} points of top-1")
        self._samples = tuple(golden.choose(reference, self._request.run.spec.preprocessing.size))
        for trial in self._waiting:
            self._compare(trial)

    def _validation_judged(self, divisible: bool) -> None:
        untempered = self._reference("validation")
        temperature = fit_temperature(untempered.labels, untempered.scores)
        if temperature and not divisible:
            self._progress.say(
                f"note: a temperature of {temperature:g} would make the scores honest, but the layer that makes the "
                "logits cannot be found in this model; they stay as they are"
            )
        elif temperature:
            self._request = replace(self._request, temperature=temperature)
            self._temper("validation")
        # Those that are calibrated take the longest: at the end they would leave the other processes idle.
        for recipe in sorted(self._recipes.values(), key=lambda recipe: not recipe.calibrated):
            self._crew.submit(Task((CONVERTING, recipe.name), converted, (self._request, recipe)))
        self._threshold = found = choose_threshold(self._reference("validation"))
        if untempered.right < FEWEST:
            self._progress.say(
                f"note: no picture will be unknown: {untempered.right} of the {len(untempered.labels)} validation "
                f"pictures are labelled rightly, and to choose a threshold {FEWEST} are wanted"
            )
        if found.score:
            self._progress.say(
                f"unknown below {found.score:.3f}: of the validation split that keeps {found.kept:.1%} of the right "
                f"predictions and catches {found.caught:.1%} of the wrong ones"
            )
        if STUDIED in self._recipes:
            scores = scores_at(self._place, "validation")
            for count in COUNTS:
                arguments = (self._request, self._recipes[STUDIED], count, scores)
                self._crew.submit(Task((CALIBRATING, f"{count} pictures"), studied, arguments))

    def _temper(self, split: Literal["validation", "test"]) -> None:
        if self._request.temperature != 1.0:
            place = scores_at(self._place, split)
            write(place, heated(np.array(read(place)), self._request.temperature))

    def _tried(self, trial: Trial) -> None:
        name = trial.recipe.name
        if trial.refusal:
            self._progress.left_out(name, trial.refusal)
            self._found[name] = trial
        elif trial.parity:
            self._progress.say(f"{name}: {size(len(trial.content))}, top-1 {trial.parity.top1:.4f}")
            self._found[name] = trial
        elif self._samples:
            self._compare(trial)
        else:
            self._waiting.append(trial)

    def _compare(self, trial: Trial) -> None:
        arguments = (self._request, trial, scores_at(self._place, "test"), self._samples)
        self._crew.submit(Task((PROVING, trial.recipe.name), proved, arguments))

    def _study(self) -> Study | None:
        if not self._points:
            return None
        points = sorted(self._points, key=lambda point: point.pictures)
        reference = self._reference("validation")
        looked_at = seen(len(reference.labels))
        top1 = float((reference.predicted == reference.labels)[looked_at].mean())
        chosen = self._request.options.calibration
        return Study(STUDIED, len(looked_at), "validation", top1, chosen, tuple(points))
