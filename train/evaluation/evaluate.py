"""Judges a finished run on the test split, which nothing before has looked at."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle import fields
from edge_runtime.errors import DatasetError, FieldError, RunError
from edge_runtime.files import write_atomically
from edge_runtime.stages.prepared import Prepared, SplitName, open_prepared
from edge_runtime.stages.run import Run, open_run
from train.metrics import Metrics, measure
from train.started import CONFUSION, METRICS, PREDICTIONS, config_of
from train.versions import versions

SCHEMA_VERSION = 1
SPLIT: SplitName = "test"
SHOWN = 40  # pictures in the grid of predictions


@dataclass(frozen=True)
class Evaluation:
    """The content of ``metrics.json``.

    Attributes:
        model: sha256 of the ``model.keras`` that was judged.
        dataset, dataset_digest, split: What it was judged on.
        split_seed: The seed that split the dataset.
        seed: The seed of the training.
        metrics: How it did.
        versions: Of what took part.
    """

    schema_version: int
    model: str
    dataset: str
    dataset_digest: str
    split: str
    split_seed: int
    seed: int
    metrics: Metrics
    versions: dict[str, str]


def evaluate(directory: Path, data: Path | None) -> tuple[Evaluation, bool]:
    """Returns the evaluation of the run in `directory` and whether it was made now.

    Writes ``metrics.json``, ``confusion_matrix.png`` and ``predictions.png`` into the run directory.

    Args:
        directory: The run directory.
        data: The prepared dataset, or None for the place where the training found it.

    Raises:
        RunError: There is no finished run, or its model cannot be loaded, or the disk refused.
        DatasetError: The dataset is not there, or not the one of the training.
    """
    run = open_run(directory)
    prepared = dataset_of(run, data)
    if (existing := _existing(run)) is not None:
        return existing, False
    from train.plots import confusion_matrix, predictions

    test = prepared.split(SPLIT)
    scores = _scores(run, prepared)
    metrics = measure(np.asarray(test.labels), scores, run.spec.labels)
    record = prepared.record
    evaluation = Evaluation(
        schema_version=SCHEMA_VERSION,
        model=run.record.model,
        dataset=record.name,
        dataset_digest=prepared.digest,
        split=SPLIT,
        split_seed=record.seed,
        seed=config_of(directory).seed,
        metrics=metrics,
        versions=versions(),
    )
    # A random draw, not the worst: the grid should look like what the device will see.
    shown = np.sort(np.random.default_rng(0).permutation(len(scores))[:SHOWN])
    try:
        write_atomically(directory / CONFUSION, confusion_matrix(metrics.confusion, run.spec.labels))
        grid = predictions(test.pixels[shown], np.asarray(test.labels[shown]), scores[shown], run.spec.labels)
        write_atomically(directory / PREDICTIONS, grid)
        write_atomically(
            directory / METRICS, fields.canonical(evaluation)
        )  # last: its presence means that all is there
    except OSError as error:
        raise RunError(f"{directory}: cannot be written: {error.strerror or error}") from error
    return evaluation, True


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


def _existing(run: Run) -> Evaluation | None:
    path = run.directory / METRICS
    if not all((run.directory / name).is_file() for name in (METRICS, CONFUSION, PREDICTIONS)):
        return None
    try:
        found = fields.parse(Evaluation, fields.decode(path.read_bytes(), str(path)), str(path))
    except (FieldError, OSError):
        return None  # of another version or damaged: it is made again
    same = (found.model, found.dataset_digest) == (run.record.model, run.record.dataset_digest)
    return found if same and found.schema_version == SCHEMA_VERSION else None


def _scores(run: Run, prepared: Prepared) -> NDArray[np.float32]:
    from train.backend import keras
    from train.batches import EVALUATION_BATCH, Batches

    try:
        model = keras.models.load_model(run.model, compile=False)
    except Exception as error:  # Keras lets zipfile's, h5py's and its own errors through
        raise RunError(f"{run.model}: cannot be loaded: {error}; train again") from error
    scores = np.asarray(model.predict(Batches(prepared.split(SPLIT), EVALUATION_BATCH), verbose=0))
    return scores.astype(np.float32)
