"""A run directory: what one training left behind. ``run.json`` is written last, so its presence means finished."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from edge_runtime.bundle import fields
from edge_runtime.bundle.manifest import digest
from edge_runtime.bundle.spec import ModelSpec
from edge_runtime.errors import FieldError, RunError
from edge_runtime.files import write_atomically

SCHEMA_VERSION = 1
T = TypeVar("T")

RECORD = "run.json"
MODEL = "model.keras"
SAVED_MODEL = "saved_model"  # instead of it: a model from elsewhere that is no Keras file
SPEC = "spec.json"
ELSEWHERE = "elsewhere"  # what trained a model that was imported


@dataclass(frozen=True)
class FineTuned:
    """Of which run a model was trained further, and what came of it. ``config.toml`` has the values.

    Attributes:
        method: How.
        run: That run's directory as the training saw it.
        model: sha256 of its ``model.keras``.
        float32: Its accuracy on the validation split.
        before: The same with int8 simulated, before the first epoch.
        after: With int8 simulated, of the model that was kept.
        epoch: Which one was kept; 0 where none was better than before.
    """

    method: Literal["quantisation-aware"]
    run: str
    model: str
    float32: float
    before: float
    after: float
    epoch: int


@dataclass(frozen=True)
class RunRecord:
    """The content of ``run.json``.

    Attributes:
        created: When training ended, UTC, as ``2026-11-21T22:03:00Z``.
        data: The prepared dataset's directory as the training saw it.
        dataset: The dataset's name.
        dataset_digest: Identifies its content.
        model: sha256 of ``model.keras``; of a SavedModel, over its files (see `model_digest`).
        versions: Version of each library that took part.
        device: What trained: a GPU's name, ``cpu`` or ``elsewhere``.
        fine_tuned: Of which run; None where training began from nothing.
        commit: Of the kit that trained, with ``+changes`` where files differed from it; None outside of a checkout.
        start: sha256 of the model whose weights training began with, or None.
        teacher: sha256 of the model whose scores were learned beside the labels, or None.
    """

    schema_version: int
    created: str
    data: str
    dataset: str
    dataset_digest: str
    model: str
    versions: dict[str, str]
    device: str
    fine_tuned: FineTuned | None = None
    commit: str | None = None
    start: str | None = None
    teacher: str | None = None


@dataclass(frozen=True)
class Run:
    """A finished run."""

    directory: Path
    record: RunRecord
    spec: ModelSpec

    @property
    def model(self) -> Path:
        """The Keras file, or the directory of a SavedModel."""
        saved = self.directory / SAVED_MODEL
        return saved if saved.is_dir() else self.directory / MODEL


def model_digest(path: Path) -> str:
    """Returns the sha256 of a file; of a directory, of its files' paths and digests in the order of the paths.

    Raises:
        OSError: It cannot be read.
    """
    if not path.is_dir():
        return digest(path.read_bytes())
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return digest(fields.canonical([[file.relative_to(path).as_posix(), digest(file.read_bytes())] for file in files]))


def write_spec(directory: Path, spec: ModelSpec) -> None:
    write_atomically(directory / SPEC, fields.canonical(spec))


def write_record(directory: Path, record: RunRecord) -> None:
    write_atomically(directory / RECORD, fields.canonical(record))


def is_imported(directory: Path) -> bool:
    """Tells whether a directory holds a run whose model was imported, also one of another schema version."""
    try:
        raw = fields.decode((directory / RECORD).read_bytes(), RECORD)
    except (FieldError, OSError):
        return False
    return isinstance(raw, Mapping) and raw.get("device") == ELSEWHERE


def open_run(directory: Path) -> Run:
    """Opens a finished run and checks that its model is the one it recorded.

    Raises:
        RunError: There is no run, it is unfinished, a dataset, of another version, or its model was altered.
    """
    if not directory.is_dir():
        raise RunError(f"{directory}: no such run; train one with 'python -m train fit'")
    if not (directory / RECORD).is_file():
        from edge_runtime.stages.prepared import FILE_NAME  # here: it brings numpy, which a run needs not

        if (directory / FILE_NAME).is_file():
            raise RunError(
                f"{directory}: a prepared dataset, a run expected; train one on it with "
                f"'python -m train fit --data {directory} --run RUN'"
            )
        raise RunError(f"{directory}: not a finished run, it has no {RECORD}; 'python -m train fit' continues it")
    try:
        _check_version(directory / RECORD)
        record = _read(RunRecord, directory / RECORD)
        spec = _read(ModelSpec, directory / SPEC)
    except (FieldError, OSError) as error:
        raise RunError(f"{error}; train again") from error
    run = Run(directory, record, spec)
    try:
        found = model_digest(run.model)
    except OSError as error:
        raise RunError(f"{run.model}: cannot be read: {error.strerror}; train again") from error
    if found != record.model:
        raise RunError(f"{run.model}: sha256 {record.model[:12]}… expected, {found[:12]}… found; train again")
    return run


def _check_version(path: Path) -> None:
    """Accepts a record of this version; before its fields are looked at, which another version has others of."""
    raw = fields.decode(path.read_bytes(), str(path))
    found = raw.get("schema_version") if isinstance(raw, Mapping) else None
    if type(found) is int and found != SCHEMA_VERSION:
        what = "update this kit" if found > SCHEMA_VERSION else "train again, or import the model again"
        raise RunError(f"{path}: schema version {SCHEMA_VERSION} expected, {found} found; {what}")


def _read(kind: type[T], path: Path) -> T:
    return fields.parse(kind, fields.decode(path.read_bytes(), str(path)), str(path))
