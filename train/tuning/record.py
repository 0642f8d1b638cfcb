"""``study.json``: all that is known of a search, replaced as a whole after every change.

Optuna's own storages would do more and keep less: SQLite's is SQLAlchemy's, and of a journal file whose last line a
kill or a full disk cut, nothing can be read after the next start (Optuna 5.0; the next line is glued to it).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edge_runtime.bundle import fields
from edge_runtime.errors import FieldError, RunError
from edge_runtime.files import write_atomically
from train.config import TrainConfig

SCHEMA_VERSION = 1
STUDY, SPACE, TRIALS, LOGS, PICTURE = "study.json", "space.toml", "trials", "logs", "pareto.png"
# Share of a latency. The same network in two searches with other work beside them: 3 to 6 % apart.
CHANCE = 0.1
RUNNING, FINISHED, ENDED_EARLY, FAILED = "running", "finished", "ended early", "failed"


@dataclass(frozen=True)
class Measured:
    """What the edge runtime made of a trial's int8 file, on one thread.

    Attributes:
        accuracy: Share of the validation split that the int8 file labels rightly.
        latency: Seconds inside the interpreter for one picture, the median.
        queries: Of how many.
        size: Bytes of the file.
        runtime: Interpreter and version.
        machine: Where.
    """

    accuracy: float
    latency: float
    queries: int
    size: int
    runtime: str
    machine: str


@dataclass(frozen=True)
class Trial:
    """One configuration and what came of it.

    Attributes:
        number: Counted from 0; its run directory is called after it.
        state: How far it came.
        config: How it is trained.
        accuracies: On the validation split after each epoch, of the Keras model.
        measured: The int8 file's figures; None for a trial that is not finished.
        seconds: From its begin to its end, in the sitting that ended it.
        reason: Why it failed or was ended early.
    """

    number: int
    state: Literal["running", "finished", "ended early", "failed"]
    config: TrainConfig
    accuracies: tuple[float, ...] = ()
    measured: Measured | None = None
    seconds: float = 0.0
    reason: str = ""

    @property
    def name(self) -> str:
        """Its run directory's name."""
        return f"{self.number:04d}"

    @property
    def float32(self) -> float:
        """The Keras model's accuracy on the validation split, in the epoch that was kept."""
        return max(self.accuracies)


@dataclass(frozen=True)
class StudyRecord:
    """The content of ``study.json``.

    Attributes:
        dataset: The prepared dataset's name.
        dataset_digest: Identifies its content.
        validation: Pictures in its validation split.
        epochs: Of every trial; None where the space or the network says.
        trials: In the order of their numbers.
    """

    schema_version: int
    dataset: str
    dataset_digest: str
    validation: int
    epochs: int | None
    trials: tuple[Trial, ...] = ()


def front(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Returns the trials that none is better than in both, the most accurate first; each faster than those before.

    Faster by more than chance: else of two with the same network the worse would be there half of the time.
    """
    kept: list[Trial] = []
    fastest = float("inf")
    for trial in sorted(trials, key=_from_accurate):
        if trial.measured and trial.measured.latency < fastest * (1 - CHANCE):
            kept.append(trial)
            fastest = trial.measured.latency
    return tuple(kept)


def _from_accurate(trial: Trial) -> tuple[float, float, int]:
    found = trial.measured
    return (-found.accuracy, found.latency, trial.number) if found else (0.0, 0.0, trial.number)


def run_of(study: Path, trial: Trial) -> Path:
    """Returns a trial's run directory."""
    return study / TRIALS / trial.name


def read_study(study: Path) -> StudyRecord | None:
    """Returns what is known of the search in `study`, or None where none was begun.

    Raises:
        RunError: There is something else, or the record cannot be read.
    """
    path = study / STUDY
    if not path.is_file():
        # What a kill in the very beginning leaves is ours.
        if study.exists() and (not study.is_dir() or any(path.name != SPACE for path in study.glob("[!.]*"))):
            raise RunError(f"{study}: exists and is not the directory of a search; choose another with --study")
        return None
    try:
        raw = fields.decode(path.read_bytes(), str(path))
        found = raw.get("schema_version") if isinstance(raw, dict) else None
        if type(found) is int and found != SCHEMA_VERSION:
            raise RunError(f"{path}: schema version {SCHEMA_VERSION} expected, {found} found; search with that version")
        return fields.parse(StudyRecord, raw, str(path))
    except (FieldError, OSError) as error:
        raise RunError(f"{path}: cannot be read: {error}; choose another directory with --study") from error


def write_study(study: Path, record: StudyRecord) -> None:
    """Replaces ``study.json``.

    Raises:
        RunError: The disk refused; what was there still is.
    """
    try:
        write_atomically(study / STUDY, fields.canonical(record))
    except OSError as error:
        raise RunError(f"{study / STUDY}: cannot be written: {error.strerror or error}") from error
