"""The state of an unfinished training on disk, replaced as a whole after each epoch.

`keras.callbacks.BackupAndRestore` writes its two files in place: killed in between, it leaves weights of one epoch with
the number of another, or half of them. Here the directory changes in one step: ``last.keras`` with the optimizer's
state, ``best.keras`` without, and ``history.csv``, which says how many epochs they stand for.
"""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_runtime.errors import RunError
from edge_runtime.files import directory_replaced
from train.fitting.history import Epoch, read_history, remember, to_csv

CHECKPOINT = "checkpoint"
LAST, BEST, HISTORY = "last.keras", "best.keras", "history.csv"


def write_checkpoint(run: Path, model: Any, history: Sequence[Epoch]) -> None:
    """Writes the state after the last epoch of `history`.

    Raises:
        RunError: The disk refused; the checkpoint of the epoch before is still there.
    """
    target = run / CHECKPOINT
    try:
        with directory_replaced(target) as fresh:
            model.save(fresh / LAST)
            if remember(history).wait == 0:
                _without_optimizer(model).save(fresh / BEST)
            else:
                shutil.copyfile(target / BEST, fresh / BEST)
            (fresh / HISTORY).write_bytes(to_csv(history))
    except OSError as error:
        raise RunError(f"{target}: cannot be written: {error.strerror or error}") from error


def read_checkpoint(run: Path) -> tuple[Any, tuple[Epoch, ...]] | None:
    """Returns the model as it was after its last finished epoch, and the history, or None when there is no checkpoint.

    Raises:
        RunError: The checkpoint is damaged.
    """
    directory = run / CHECKPOINT
    if not directory.is_dir():
        return None
    from train.backend import keras

    history = read_history(directory / HISTORY)
    try:
        model = keras.models.load_model(directory / LAST)
    except Exception as error:  # Keras lets zipfile's, h5py's and its own errors through
        raise RunError(f"{directory / LAST}: cannot be read: {error}; start over with --fresh") from error
    return model, history


def identity(run: Path) -> bytes:
    """Returns the same for the same checkpoint, and nothing when there is none.

    Raises:
        RunError: It cannot be read.
    """
    directory = run / CHECKPOINT
    if not directory.is_dir():
        return b""
    try:
        return b"".join(hashlib.sha256((directory / name).read_bytes()).digest() for name in (LAST, HISTORY))
    except OSError as error:
        raise RunError(f"{error.filename}: cannot be read: {error.strerror}; start over with --fresh") from error


def _without_optimizer(model: Any) -> Any:
    """Returns the same layers in float32, never compiled: Adam's state would make the file thrice as large."""
    from train.backend import keras
    from train.fitting.precision import in_float32

    return in_float32(keras.Model(model.input, model.output, name=model.name))


def remove_leftovers(run: Path) -> None:
    """Removes what a killed process left half-written in `run`; only one training may work in it at a time."""
    for path in run.glob(".*.partial"):
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else os.unlink(path)
    # `directory_replaced` moves the old one aside where the kernel cannot swap two directories.
    for aside in run.glob(f".{CHECKPOINT}.*.previous"):
        if (run / CHECKPOINT).exists():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.rename(run / CHECKPOINT)
