"""Whose run directory this is, from before its first epoch on: the configuration and the dataset it belongs to."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.bundle import fields
from edge_runtime.errors import EdgeError, FieldError, RunError
from edge_runtime.files import write_atomically
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared
from train.config import TrainConfig, first_difference, read_config, to_toml
from train.fitting.checkpoint import CHECKPOINT, HISTORY
from train.models.names import DESCRIBED

STARTED, CONFIG = "started.json", "config.toml"
AUGMENTED = "augmented.png"
CURVES, METRICS, CONFUSION, PREDICTIONS = (
    "learning_curves.png",
    "metrics.json",
    "confusion_matrix.png",
    "predictions.png",
)
REPORT, VERDICTS, SUSPECTS = "report.html", "predictions.csv", "suspects.csv"  # of an evaluation too
# run.json first: a removal that is interrupted leaves an unfinished run, not a finished one without its model.
# started.json last: as long as it is there, the rest is known to be ours.
WRITTEN = (
    stage.RECORD,
    METRICS,
    REPORT,
    VERDICTS,
    SUSPECTS,
    CONFUSION,
    PREDICTIONS,
    AUGMENTED,
    CURVES,
    HISTORY,
    *DESCRIBED,
    stage.MODEL,
    stage.SPEC,
    CONFIG,
    STARTED,
)
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Started:
    """The content of ``started.json``: the dataset as the training found it; ``config.toml`` has the rest."""

    schema_version: int
    dataset: str
    dataset_digest: str


def claim(run: Path, config: TrainConfig, prepared: Prepared) -> None:
    """Marks `run` as the directory of this training."""
    run.mkdir(parents=True, exist_ok=True)
    write_atomically(run / CONFIG, to_toml(config).encode())
    write_atomically(run / STARTED, fields.canonical(Started(SCHEMA_VERSION, prepared.record.name, prepared.digest)))


def begin(run: Path, config: TrainConfig, prepared: Prepared) -> None:
    """Makes `run` the directory of this training, and removes what `fit` and `evaluate` left in it of another one.

    Who calls this holds `run`, and has made all that may fail for a reason that a user can mend: a model that was
    there is gone from here on.
    """
    (run / stage.RECORD).unlink(missing_ok=True)
    shutil.rmtree(run / CHECKPOINT, ignore_errors=True)
    for name in WRITTEN:
        (run / name).unlink(missing_ok=True)
    claim(run, config, prepared)


def is_under_way(run: Path) -> bool:
    """Tells whether `run` holds anything that was learned."""
    return (run / CHECKPOINT).is_dir() or (run / stage.RECORD).is_file()


def begun_when(run: Path) -> int | None:
    """Returns a time that another beginning of a training in `run` changes, or None where none was begun."""
    try:
        return (run / STARTED).stat().st_mtime_ns
    except OSError:
        return None


def check_owner(run: Path, config: TrainConfig, prepared: Prepared) -> None:
    """Makes sure that `run` is new, has learned nothing yet, or was begun with the same configuration and dataset.

    Raises:
        RunError: It is something else's; the message names the first thing that differs.
    """
    if not run.exists():
        return
    if not (run / STARTED).is_file():
        if not run.is_dir() or any(run.iterdir()):
            raise RunError(f"{run}: exists and is not a run directory; choose another with --run")
        return
    if not is_under_way(run):
        return  # begun and stopped before its first epoch was over: another choice takes nothing away
    advice = "train elsewhere (--run, or make's NAME=), or start this one over (--fresh, or make's ARGS=--fresh)"
    try:
        content = (run / STARTED).read_bytes()
        started = fields.parse(Started, fields.decode(content, str(run / STARTED)), str(run / STARTED))
        old = read_config(run / CONFIG, {})
    except (EdgeError, OSError) as error:
        raise RunError(f"{error}; {advice}") from error
    if difference := first_difference(old, config):
        name, before, now = difference
        asked = "--from" if name == "start" else name
        if name == "epochs" and (run / stage.RECORD).is_file():
            advice = f"it is finished: --from {run} with another --run goes on from it, --fresh starts over"
        raise RunError(f"{run}: was begun with {asked} = {before!r}, {now!r} is asked for now; {advice}")
    if started.dataset_digest != prepared.digest:
        raise RunError(
            f"{run}: was begun with dataset {started.dataset} {started.dataset_digest[:12]}…, "
            f"{prepared.directory} holds {prepared.record.name} {prepared.digest[:12]}…: "
            f"other pictures, labels or size; {advice}"
        )


def begun_with(run: Path) -> TrainConfig | None:
    """Returns the configuration with which `run` was begun, or None where nothing readable says so."""
    try:
        return read_config(run / CONFIG, {})
    except EdgeError:
        return None


def begun_on(run: Path) -> str | None:
    """Returns the digest of the dataset with which `run` was begun, or None where nothing readable says so."""
    path = run / STARTED
    try:
        return fields.parse(Started, fields.decode(path.read_bytes(), str(path)), str(path)).dataset_digest
    except (FieldError, OSError):
        return None


def check_replaceable(run: Path) -> None:
    """Makes sure that `run` is new, empty or a run directory.

    Raises:
        RunError: It is something else.
    """
    if run.exists() and not (run / STARTED).is_file() and (not run.is_dir() or any(run.iterdir())):
        raise RunError(f"{run}: is not a run directory, so --fresh leaves it alone; choose another with --run")


@contextlib.contextmanager
def held(run: Path) -> Iterator[None]:
    """Keeps other trainings out of `run` until the block ends or the process dies.

    A directory that was not there and in which nothing was begun is gone afterwards.

    Raises:
        RunError: Another training is at work in it.
    """
    new = not run.exists()
    run.mkdir(parents=True, exist_ok=True)
    handle = os.open(run, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(f"{run}: another training is at work in it; wait for it or choose another --run") from error
        yield
    finally:
        if new:
            with contextlib.suppress(OSError):  # it is not empty: something was begun
                run.rmdir()
        os.close(handle)


def config_of(run: Path) -> TrainConfig:
    """Returns the configuration that `run` was trained with.

    Raises:
        RunError: It cannot be read.
    """
    try:
        return read_config(run / CONFIG, {})
    except (EdgeError, FieldError) as error:
        raise RunError(f"{error}; train again") from error
