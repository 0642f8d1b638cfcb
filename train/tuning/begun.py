"""Whose directory a study is, and who is at work in it."""

import contextlib
import fcntl
import os
import threading
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

from edge_runtime.errors import RunError, UsageError
from edge_runtime.stages.prepared import Prepared
from train.tuning.record import SPACE, StudyRecord

PATIENCE = 20.0  # seconds for the last step of a search that was killed to end


def check_same(directory: Path, found: StudyRecord, prepared: Prepared, epochs: int | None, text: str) -> None:
    """Accepts what a study was begun with.

    Args:
        directory: The study's.
        found: What is known of it.
        prepared: The dataset that is given now.
        epochs: Of every trial, as asked for now.
        text: The space that is asked for now, as TOML.

    Raises:
        UsageError: Something differs; the first of it is named.
        RunError: The study cannot be read.
    """
    advice = "choose another --study, or say what it was begun with"
    if found.dataset_digest != prepared.digest:
        raise UsageError(
            f"{directory}: was begun with dataset {found.dataset} {found.dataset_digest[:12]}…, {prepared.directory} "
            f"holds {prepared.record.name} {prepared.digest[:12]}…; {advice}"
        )
    if found.epochs != epochs:
        told = "the networks' own epochs" if found.epochs is None else f"--epochs {found.epochs}"
        raise UsageError(f"{directory}: was begun with {told}, {epochs or 'their own'} asked for now; {advice}")
    before, now = tomllib.loads(space_text(directory)), tomllib.loads(text)
    for name in {**before, **now}:
        if before.get(name) != now.get(name):
            raise UsageError(
                f"{directory}: its space was begun with {_told(name, before)}, now it has {_told(name, now)}; {advice}"
            )


def _told(name: str, space: dict[str, object]) -> str:
    return f"{name} = {space[name]}" if name in space else f"no {name}"


def space_text(directory: Path) -> str:
    """Returns the space with which a study was begun, as TOML.

    Raises:
        RunError: It cannot be read.
    """
    try:
        return (directory / SPACE).read_text("utf-8")
    except (OSError, ValueError) as error:
        raise RunError(f"{directory / SPACE}: cannot be read: {error}; choose another --study") from error


@contextlib.contextmanager
def held(directory: Path) -> Iterator[int]:
    """Keeps other searches out until the block and every step begun in it have ended; gives the descriptor."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise RunError(f"{directory}: another search is at work in it; wait for it") from error
                threading.Event().wait(0.1)
        yield handle
    finally:
        os.close(handle)
