"""Judges a finished run on the test split, which nothing before has looked at."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle import fields
from edge_runtime.errors import DatasetError, FieldError, RunError
from edge_runtime.files import write_atomically
from edge_runtime.stages.prepared import SPLITS, About, Prepared, SplitName, open_prepared
from edge_runtime.stages.run import ELSEWHERE, Run, open_run
from edge_runtime.stages.temperature import heated
from train.evaluation import foreign as others
from train.evaluation import suspects as suspicion
from train.evaluation import verdicts as table
from train.evaluation.findings import Evaluation, Material
from train.evaluation.judging import SPLIT, judge, scores_of, split_digest
from train.evaluation.scoring import load, scored
from train.evaluation.slices import sliced
from train.evaluation.suspects import suspects
from train.evaluation.verdicts import Verdicts, verdicts
from train.fitting.started import (
    CONFUSION,
    METRICS,
    PREDICTIONS,
    REPORT,
    SUSPECTS,
    VERDICTS,
    config_of,
)
from train.origin import commit
from train.versions import versions

SCHEMA_VERSION = 3
SHOWN = 40  # pictures in the grid of predictions
FILES = (METRICS, REPORT, CONFUSION, PREDICTIONS, VERDICTS, SUSPECTS)


def evaluate(
    directory: Path,
    data: Path | None,
    foreign: Path | None = None,
    wanted: Sequence[float] = (),
    ready: Callable[[], object] = lambda: None,
) -> tuple[Evaluation, bool]:
    """Returns the evaluation of the run in `directory` and whether it was made now.

    Writes `FILES` into the run directory.

    Args:
        directory: The run directory.
        data: The prepared dataset, or None for the place where the training found it.
        foreign: Pictures that are none of the labels, a folder or a prepared dataset; or None.
        wanted: Precisions to find a threshold for, beside the usual ones.
        ready: Called before a model is loaded; it may choose the device.

    Raises:
        RunError: There is no finished run, or its model was imported or cannot be loaded, or the disk refused.
        DatasetError: The dataset is not there, or not the one of the training; or `foreign` is no use.
    """
    run = open_run(directory)
    check_judgeable(run)
    prepared = dataset_of(run, data)
    if foreign is None and (existing := existing_evaluation(run, wanted)) is not None:
        return existing, False
    spec = run.spec
    strangers = others.pictures_in(foreign, spec.preprocessing, prepared.digest) if foreign else None
    ready()
    model = load(run)
    about = {name: prepared.about(name) for name in SPLITS}
    names = {name: None if one is None else printable(one.names) for name, one in about.items()}
    came = judge(model, prepared, wanted)
    learned = (heated(scores, came.temperature) for scores in scores_of(model, prepared, "train"))
    found: dict[SplitName, Verdicts] = {
        "validation": came.validation,
        SPLIT: came.test,
        "train": verdicts(np.asarray(prepared.split("train").labels), learned),
    }
    seen = None if strangers is None else (strangers, _best(model, strangers, came.temperature))
    evaluation = Evaluation(
        schema_version=SCHEMA_VERSION,
        model=run.record.model,
        dataset=prepared.record.name,
        dataset_digest=prepared.digest,
        split=SPLIT,
        split_digest=split_digest(prepared, SPLIT),
        split_seed=prepared.record.seed,
        seed=config_of(directory).seed,
        trained=run.record.created,
        commit=commit(),
        versions=versions(),
        metrics=came.metrics,
        calibration=came.calibration,
        certainty=came.certainty,
        slices=sliced(came.test.right, _columns(about[SPLIT])),
        foreign=None
        if seen is None
        else others.judge(seen[0], str(foreign), seen[1], came.test.score, came.certainty.unknown.score, spec.labels),
        wrong={name: int((~one.right).sum()) for name, one in found.items()},
    )
    suspected = tuple(one for name in SPLITS for one in suspects(name, found[name], names[name]))
    _write(evaluation, Material(run, prepared, names, came.scores, came.test, suspected, seen))
    return evaluation, True


def check_judgeable(run: Run) -> None:
    """Accepts a run that this kit trained.

    Raises:
        RunError: Its model was imported.
    """
    if run.record.device == ELSEWHERE:
        raise RunError(
            f"{run.directory}: its model was imported from elsewhere, and evaluate reports on what this kit trained; "
            f"'python -m export {run.directory} --out BUNDLE' judges it on the same test split: look at "
            "BUNDLE.report.html"
        )


def dataset_of(run: Run, data: Path | None) -> Prepared:
    """Returns the dataset of a run's training.

    Args:
        run: A finished run.
        data: Where it is, or None for the place where the training found it.

    Raises:
        DatasetError: It is not there, or not the one of the training.
    """
    try:
        prepared = open_prepared(data or Path(run.record.data))
    except DatasetError as error:
        hint = "" if data else "; name the dataset's new place with --data"
        raise DatasetError(f"{error}{hint}") from error
    if prepared.digest != run.record.dataset_digest:
        raise DatasetError(
            f"{prepared.directory}: dataset {run.record.dataset} {run.record.dataset_digest[:12]}… was trained on, "
            f"{prepared.record.name} {prepared.digest[:12]}… found; name the right one with --data, or train again"
        )
    return prepared


def existing_evaluation(run: Run, wanted: Sequence[float] = ()) -> Evaluation | None:
    """Returns what an earlier evaluation of this very model found, if all that it wrote is there."""
    path = run.directory / METRICS
    if not all((run.directory / name).is_file() for name in FILES):
        return None
    try:
        found = fields.parse(Evaluation, fields.decode(path.read_bytes(), str(path)), str(path))
    except (FieldError, OSError):
        return None  # of another version or damaged: it is made again
    same = (found.model, found.dataset_digest) == (run.record.model, run.record.dataset_digest)
    same = same and set(wanted) <= {one.wanted for one in found.certainty.precisions}
    return found if same and found.schema_version == SCHEMA_VERSION else None


def _write(evaluation: Evaluation, material: Material) -> None:
    from train.evaluation.plots import confusion_matrix, predictions
    from train.evaluation.report import report

    directory, labels, metrics = material.run.directory, material.run.spec.labels, evaluation.metrics
    test = material.prepared.split(SPLIT)
    # A random draw, not the worst: the grid should look like what the device will see.
    shown = np.sort(np.random.default_rng(0).permutation(len(test.labels))[:SHOWN])
    grid = predictions(test.pixels[shown], np.asarray(test.labels[shown]), material.scores[shown], labels)
    content = {
        CONFUSION: confusion_matrix(metrics.confusion, labels),
        PREDICTIONS: grid,
        VERDICTS: table.to_csv(material.found, labels, material.names[SPLIT]),
        SUSPECTS: suspicion.to_csv(material.suspects, labels),
        REPORT: report(evaluation, material),
        METRICS: fields.canonical(evaluation),  # last: its presence means that all is there
    }
    try:
        (directory / METRICS).unlink(missing_ok=True)
        for name, written in content.items():
            write_atomically(directory / name, written)
    except OSError as error:
        raise RunError(f"{directory}: cannot be written: {error.strerror or error}") from error


def _best(model: Any, pictures: others.Pictures, temperature: float) -> NDArray[np.float32]:
    blocks = scored(model, pictures.blocks(), len(pictures), "foreign pictures")
    given = (heated(scores, temperature) for scores in blocks)
    return np.concatenate([np.stack([one.max(axis=1), one.argmax(axis=1)], axis=1) for one in given])


def _columns(about: About | None) -> dict[str, tuple[str, ...]]:
    return {} if about is None else {name: printable(values) for name, values in about.slices.items()}


def printable(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Returns texts of which a page can be made; a file's name may be no UTF-8."""
    return tuple(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for text in texts)
