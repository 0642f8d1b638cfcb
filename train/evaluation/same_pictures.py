"""Whether two runs can be judged on the same test pictures, and what a run makes of them."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import DatasetError, RunError
from edge_runtime.stages.prepared import Prepared, open_prepared
from edge_runtime.stages.run import Run
from train.evaluation.calibration import Calibration
from train.evaluation.evaluate import dataset_of, evaluate, existing_evaluation, printable
from train.evaluation.findings import Certainty, Evaluation
from train.evaluation.judging import SPLIT, judge, split_digest
from train.evaluation.metrics import Metrics
from train.evaluation.scoring import blocks_of, load
from train.evaluation.verdicts import Verdicts, read_csv
from train.fitting.started import VERDICTS
from train.labels import apart as labels_apart
from train.origin import commit
from train.versions import versions

SAME_DATASET = "train both on the same prepared dataset"
Ready = Callable[[], object]


@dataclass(frozen=True)
class Pictures:
    """A test split.

    Attributes:
        dataset: What its dataset is called.
        digest: Identifies it.
        seed: That split the dataset.
        names: What the pictures are called.
    """

    dataset: str
    digest: str
    seed: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A run's verdicts on a test split, and whose code gave them.

    Attributes:
        pictures: The test split.
        metrics, calibration, certainty: As in `train.evaluation.findings`.
        verdicts: Picture by picture.
        commit, versions: Of what judged.
        note: What is to be known before this is believed, or nothing.
    """

    pictures: Pictures
    metrics: Metrics
    calibration: Calibration
    certainty: Certainty
    verdicts: Verdicts
    commit: str | None
    versions: dict[str, str]
    note: str = ""


def check_comparable(first: Run, second: Run, data: Path | None) -> None:
    """Accepts two runs that can be judged on the same pictures.

    Args:
        first, second: The runs.
        data: The dataset whose test split that is; None for the one that each was, or will be, evaluated on.

    Raises:
        RunError: Their labels, their preprocessing or, without `data`, their test splits are not the same; it says
            what to do.
        DatasetError: `data` is no dataset, or does not fit them; or without it, a run's dataset is not there.
    """
    both = f"{first.directory} and {second.directory} cannot be compared"
    if first.spec.labels != second.spec.labels:
        why = labels_apart(first.directory, first.spec.labels, second.directory, second.spec.labels)
        raise RunError(f"{both}: {why}; {_labels_way_out(first, second, data)}")
    one, other = (run.spec.preprocessing for run in (first, second))
    if one != other:
        raise RunError(
            f"{both}: one takes pictures of {one}, the other of {other}, and a test split has one size; "
            f"{SAME_DATASET}, or look at both report.html"
        )
    if data is not None:
        _fitting(first, data)
        return
    splits = [_split_of(run) for run in (first, second)]
    if splits[0].digest != splits[1].digest:
        apart = " and ".join(one.title for one in splits)
        raise RunError(f"{both} as they were evaluated, on different test splits: {apart}; {_way_out(first, second)}")


def as_evaluated(run: Run, ready: Ready) -> Judged:
    """Returns what the run's own evaluation found; one that is not evaluated yet is evaluated now.

    Raises:
        RunError: It cannot be judged, or the record of an evaluation was altered.
        DatasetError: It must be evaluated first, and its dataset is not there.
    """
    evaluation = existing_evaluation(run) or evaluate(run.directory, None, ready=ready)[0]
    return _recorded(run, evaluation)


def judged_on(run: Run, data: Path, ready: Ready) -> Judged:
    """Returns what a run makes of the test split of a dataset, which may be another than that of its training.

    Raises:
        RunError: It cannot be judged, or the record of an evaluation was altered.
        DatasetError: There is no such dataset, it is damaged, or it does not fit.
    """
    prepared = _fitting(run, data)
    own = run.record.dataset_digest == prepared.digest
    evaluation = existing_evaluation(run)
    if evaluation is not None and evaluation.split_digest == split_digest(prepared, SPLIT):
        return _recorded(run, evaluation)
    if own:
        return _recorded(run, evaluate(run.directory, data, ready=ready)[0])
    note = _learned_from(run, prepared)
    ready()
    came = judge(load(run), prepared)
    about = prepared.about(SPLIT)
    names = printable(about.names) if about else tuple(map(str, range(len(came.test.label))))
    record = prepared.record
    pictures = Pictures(record.name, split_digest(prepared, SPLIT), record.seed, names)
    return Judged(pictures, came.metrics, came.calibration, came.certainty, came.test, commit(), versions(), note)


@dataclass(frozen=True)
class _Split:
    digest: str
    title: str


def _split_of(run: Run) -> _Split:
    """Returns the test split that a run was, or will be, evaluated on."""
    if (found := existing_evaluation(run)) is not None:
        count, name, whole = found.metrics.pictures, found.dataset, found.dataset_digest
        identity = found.split_digest
    else:
        prepared = dataset_of(run, None)
        count, name, whole = prepared.record.counts[SPLIT], prepared.record.name, prepared.digest
        identity = split_digest(prepared, SPLIT)
    return _Split(identity, f"{count:,} test pictures of {name} {whole[:12]}…")


def _way_out(first: Run, second: Run) -> str:
    for run in (second, first):  # the second is the one to be judged
        try:
            place = dataset_of(run, None).directory
        except DatasetError:
            continue
        return f"--data {place} judges both on the test split of {run.directory}, or {SAME_DATASET}"
    return f"--data DIR judges both on one dataset's test split, or {SAME_DATASET}"


def _labels_way_out(first: Run, second: Run, data: Path | None) -> str:
    if data is None:
        return SAME_DATASET
    # That both are to be trained on one dataset is no answer to who asked for an older and a newer one.
    labels = open_prepared(data).record.spec.labels
    others = [run for run in (first, second) if run.spec.labels != labels]
    again = " and ".join(str(run.directory) for run in others)
    return (
        "--data judges runs with the same labels alone; look at the labels that both know in either report.html, or "
        f"train {again} again on {data}, in a new --run"
    )


def _fitting(run: Run, data: Path) -> Prepared:
    prepared = open_prepared(data)
    wanted, found = run.spec, prepared.record.spec
    if wanted.labels != found.labels:
        raise DatasetError(
            f"--data {data}: its labels are not those of {run.directory}: {', '.join(wanted.labels)} expected, "
            f"{', '.join(found.labels)} found; prepare the dataset with these folders alone"
        )
    if wanted.preprocessing != found.preprocessing:
        raise DatasetError(
            f"--data {data}: pictures of {wanted.preprocessing} expected, as for {run.directory}, "
            f"{found.preprocessing} found; prepare the dataset like that into another directory"
        )
    return prepared


def _recorded(run: Run, evaluation: Evaluation) -> Judged:
    path = run.directory / VERDICTS
    verdicts, names = read_csv(path, run.spec.labels)
    metrics = evaluation.metrics
    right = sum(row[index] for index, row in enumerate(metrics.confusion))
    if (len(verdicts.label), int(verdicts.right.sum())) != (metrics.pictures, right):
        raise RunError(f"{path}: does not fit metrics.json; remove it and evaluate the run again")
    pictures = Pictures(evaluation.dataset, evaluation.split_digest, evaluation.split_seed, names)
    calibration, certainty = evaluation.calibration, evaluation.certainty
    return Judged(pictures, metrics, calibration, certainty, verdicts, evaluation.commit, evaluation.versions)


def _learned_from(run: Run, prepared: Prepared) -> str:
    """Returns a sentence where a run may know pictures of a test split that is not its own."""
    try:
        own = dataset_of(run, None)
    except DatasetError:
        return (
            f"{run.directory} was trained on another dataset, which is not at {run.record.data} any more: whether it "
            "learned from some of these test pictures cannot be told"
        )
    learned = {mark for name in ("train", "validation") for mark in _marks(own.split(name).pixels)}
    known = sum(mark in learned for mark in _marks(prepared.split(SPLIT).pixels))
    if not known:
        return ""
    total = prepared.record.counts[SPLIT]
    return f"{run.directory} knows {known:,} of these {total:,} test pictures from its training: it may seem too good"


def _marks(pixels: NDArray[np.uint8]) -> Iterator[bytes]:
    for block in blocks_of(pixels):
        for picture in block:
            yield hashlib.blake2b(picture.tobytes(), digest_size=16).digest()
