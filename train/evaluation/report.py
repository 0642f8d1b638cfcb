"""The report of an evaluation for people: ``report.html``, one file that needs no other and no network."""

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from edge_runtime.errors import EdgeError
from train.config import stands_for
from train.evaluation import figures
from train.evaluation.findings import Evaluation, Material
from train.evaluation.metrics import Metrics
from train.evaluation.ranking import precision_recall, roc
from train.evaluation.suspects import LISTED
from train.evaluation.thresholds import alike, coverage, judged
from train.fitting.checkpoint import HISTORY
from train.fitting.history import read_history, remember
from train.fitting.started import config_of
from train.pages.rendering import render
from train.pages.thumbnail import thumbnail

TEMPLATE = Path(__file__).parent / "templates" / "report.html"
MATRIX = 30  # labels; a matrix of more has cells that nobody can read
ROWS = 50  # of the table of labels; of more labels the worst are shown
DRAWN = 100  # curves in a plot; more are a grey blot, and the page would be megabytes
PAIRS, PICTURES = 6, 8  # of labels that are confused most, and of each of them
SUSPECTED = {"train": 24, "validation": 12, "test": 12}
STRANGERS = 16  # foreign pictures with the highest scores
PARTS = 40  # rows of the table of slices
HONEST = 0.01  # a calibration error below it changes no decision
FEW = 100  # test pictures
WIDE = 0.1  # an interval wider than this says little


def report(evaluation: Evaluation, material: Material) -> bytes:
    """Returns the page. The same evaluation gives the same bytes."""
    metrics, labels = evaluation.metrics, material.run.spec.labels
    test = material.prepared.split("test")
    true, scores = material.found.label, material.scores
    certain = judged(true, scores)
    return render(
        TEMPLATE,
        evaluation=evaluation,
        metrics=metrics,
        labels=labels,
        run=material.run,
        record=material.prepared.record,
        names=material.names["test"],
        colours=("red", "blue", "green"),
        sentences=sentences(evaluation),
        rows=worst_labels(metrics, ROWS),
        matrix=_matrix(metrics) if len(labels) <= MATRIX else None,
        pairs=[
            (truth, guess, count, _pictures_of(material, truth, guess, test.pixels))
            for truth, guess, count in confused(metrics.confusion)[:PAIRS]
        ],
        **_curves(evaluation, material),
        reliability=Markup(figures.reliability(evaluation.calibration.before, evaluation.calibration.after)),
        coverage=Markup(figures.coverage(coverage(certain), metrics.accuracy)),
        histogram=Markup(
            figures.histogram(
                certain.best[certain.right],
                certain.best[~certain.right],
                None if material.foreign is None else material.foreign[1][:, 0],
                evaluation.certainty.unknown.score,
            )
        ),
        precisions=alike(evaluation.certainty.precisions),
        strangers=_strangers(material, labels),
        slices=evaluation.slices[:PARTS],
        suspects=[
            (split, [(one, thumbnail(pixels[one.index])) for one in chosen])
            for split, chosen, pixels in _suspects(material)
        ],
        listed=LISTED,
        **_training(material),
    )


def sentences(evaluation: Evaluation) -> list[str]:
    """Returns what a reader should know first, in words."""
    metrics, calibration = evaluation.metrics, evaluation.calibration
    names, found = list(metrics.labels), []
    present = {name: one for name, one in metrics.labels.items() if one.support}
    weakest = min(present, key=lambda name: present[name].f1)
    if pairs := confused(metrics.confusion)[:1]:
        recall, precision = present[weakest].recall, present[weakest].precision
        found.append(f"The weakest label is {weakest}: recall {recall:.3f}, precision {precision:.3f}.")
        truth, guess, count = pairs[0]
        pictures = "1 picture" if count == 1 else f"{count:,} pictures"
        of = present[names[truth]].support
        found.append(f"Most often {names[truth]} is taken for {names[guess]}: {pictures} of {of:,}.")
    else:
        found.append("Every test picture got its label.")
    if missing := [name for name in names if name not in present]:
        more = f" and {len(missing) - 5} more labels" if len(missing) > 5 else ""
        found.append(f"The test split has no picture of {', '.join(missing[:5])}{more}.")
    given = calibration.after or calibration.before
    score, also = given.confidence, ", with its temperature" if calibration.after else ""
    if metrics.pictures < FEW:
        pass  # the error of so few pictures is mostly chance
    elif given.ece < HONEST:
        found.append(f"A score means what it says{also}: the calibration error is below {HONEST}.")
    else:
        how = "too sure of itself" if score > metrics.accuracy else "less sure than it could be"
        found.append(
            f"The model is {how}{also}: its best scores average {score:.3f}, it is right in {metrics.accuracy:.3f}."
        )
    part = next((part for part in evaluation.slices if part.apart), None)
    if part is not None:
        found.append(f"Where {part.column} is {part.value} the accuracy is {part.accuracy:.3f}, apart from all others.")
    low, high = metrics.accuracy_95
    if high - low > WIDE:
        found.append(f"{metrics.pictures:,} test pictures are few: the 95 % interval is {high - low:.2f} wide.")
    return found


def worst_labels(metrics: Metrics, most: int) -> list[str]:
    """Returns the labels to list: all where they are few, else those with the lowest F1, in the order of the labels."""
    names = list(metrics.labels)
    if len(names) <= most:
        return names
    chosen = set(sorted(names, key=lambda name: metrics.labels[name].f1)[:most])
    return [name for name in names if name in chosen]


def confused(confusion: Sequence[Sequence[int]]) -> list[tuple[int, int, int]]:
    """Returns (true, predicted, pictures) of every pair of labels that is confused, most pictures first."""
    counts = np.array(confusion)
    np.fill_diagonal(counts, 0)
    pairs = [(int(row), int(column), int(counts[row, column])) for row, column in np.argwhere(counts)]
    return sorted(pairs, key=lambda pair: (-pair[2], pair))


def _matrix(metrics: Metrics) -> list[list[tuple[int, float]]]:
    """Returns pictures and their share of the row, by true and predicted label."""
    counts = np.array(metrics.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return [[(int(n), float(s)) for n, s in zip(*row, strict=True)] for row in zip(counts, shares, strict=True)]


def _pictures_of(material: Material, truth: int, guess: int, pixels: Any) -> list[tuple[int, float, str]]:
    """Returns index, score and thumbnail of the surest pictures of one label that got another."""
    found = material.found
    both = np.flatnonzero((found.label == truth) & (found.predicted == guess))
    chosen = both[np.argsort(-found.score[both], kind="stable")][:PICTURES]
    return [(int(at), float(found.score[at]), thumbnail(pixels[at])) for at in chosen]


def _curves(evaluation: Evaluation, material: Material) -> dict[str, Any]:
    """Returns both plots, and of each the labels that are drawn in colour: those with the smallest areas."""
    labels = evaluation.metrics.labels
    drawable = [index for index, one in enumerate(labels.values()) if one.auc is not None]
    values: dict[str, Any] = {}
    for name, field, curve, axes, diagonal in (
        ("roc", "auc", roc, ("false positive rate", "true positive rate"), True),
        ("pr", "average_precision", precision_recall, ("recall", "precision"), False),
    ):
        areas = [getattr(one, field) for one in labels.values()]
        worst = sorted(drawable, key=lambda index: areas[index])[:DRAWN]
        found = [curve(material.found.label, material.scores, index) for index in worst]
        marked = list(range(min(3, len(worst))))
        values[f"{name}_plot"] = (
            Markup(figures.curves(found, axes, marked, diagonal, f"{name} curves")) if found else None
        )
        values[f"{name}_marked"] = [(list(labels)[worst[n]], areas[worst[n]]) for n in marked]
    return values


def _strangers(material: Material, labels: Sequence[str]) -> list[tuple[str, str, float, str]]:
    """Returns name, label, score and thumbnail of the foreign pictures that the model is surest of."""
    if material.foreign is None:
        return []
    pictures, scores = material.foreign
    surest = np.argsort(-scores[:, 0], kind="stable")[:STRANGERS]
    return [
        (pictures.name(int(at)), labels[int(scores[at, 1])], float(scores[at, 0]), thumbnail(pictures.pixels(int(at))))
        for at in surest
    ]


def _suspects(material: Material) -> list[tuple[str, list[Any], Any]]:
    found = []
    for split, most in SUSPECTED.items():
        chosen = [one for one in material.suspects if one.split == split][:most]
        if chosen:
            found.append((split, chosen, material.prepared.split(chosen[0].split).pixels))
    return found


def _training(material: Material) -> dict[str, Any]:
    """Returns the training's configuration and curves; neither is there for a model from elsewhere."""
    directory = material.run.directory
    config = config_of(directory)
    meant = {name: f"{getattr(config, name)} ({text})" for name, text in stands_for(config).items()}
    values: dict[str, Any] = {"config": dataclasses.asdict(config) | meant, "learning": None, "memory": None}
    with contextlib.suppress(EdgeError):
        history = read_history(directory / HISTORY)
        values["memory"] = remember(history)
        values["learning"] = Markup(figures.learning(history, values["memory"].best_epoch)) if history else None
    return values
