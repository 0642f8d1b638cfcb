"""What is kept of the dataset that is there already: how it was prepared, and all of it while something needs it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.bundle.spec import Interpolation, PreprocessingSpec, Resize
from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import DatasetRecord, Prepared, open_prepared
from train.datasets.dataset import Dataset


@dataclass(frozen=True)
class Asked:
    """How to prepare, as far as anybody said so; None where nobody did."""

    size: tuple[int, int] | None = None
    resize: Resize | None = None
    interpolation: Interpolation | None = None
    seed: int | None = None


def settled(asked: Asked, dataset: Dataset, out: Path) -> tuple[PreprocessingSpec, int, tuple[str, ...]]:
    """Returns how to prepare `dataset`, its seed, and the flags that hold because it was prepared with them before.

    What nobody asks for is as it was when the same dataset was prepared into `out`, and else the default: new pictures
    are no reason to forget the size that somebody chose.
    """
    default, seed = PreprocessingSpec(dataset.size), 0
    record = _record(dataset, out)
    before, seed_before = (record.spec.preprocessing, record.seed) if record else (default, seed)
    spec = PreprocessingSpec(
        asked.size or before.size, asked.resize or before.resize, asked.interpolation or before.interpolation
    )
    height, width = before.size
    values = (
        (asked.size, before.size, default.size, f"--size {height}x{width}"),
        (asked.resize, before.resize, default.resize, f"--resize {before.resize}"),
        (asked.interpolation, before.interpolation, default.interpolation, f"--interpolation {before.interpolation}"),
        (asked.seed, seed_before, seed, f"--seed {seed_before}"),
    )
    flags = tuple(flag for wish, old, usual, flag in values if wish is None and old != usual)
    return spec, seed_before if asked.seed is None else asked.seed, flags


def grouped_by(dataset: Dataset, out: Path) -> str:
    """Returns by what the pictures were kept together when the same dataset was prepared into `out`."""
    record = _record(dataset, out)
    return record.group_by if record else ""


def needed_by(existing: Prepared, directories: Iterable[Path]) -> Path | None:
    """Returns the first of some runs and searches that was begun with this very dataset.

    Raises:
        RunError: The record of a search cannot be read.
    """
    from train.fitting.started import begun_on
    from train.tuning.record import STUDY, read_study

    for directory in directories:
        study = read_study(directory) if (directory / STUDY).is_file() else None
        if existing.digest == (begun_on(directory) if study is None else study.dataset_digest):
            return directory
    return None


def not_replaced(existing: Prepared, needing: Path) -> DatasetError:
    """Returns the error for who would take the dataset away that something else still needs."""
    height, width = existing.record.spec.preprocessing.size
    return DatasetError(
        f"{existing.directory}: not replaced, {needing} was begun with what is there ({existing.record.name} "
        f"{existing.digest[:12]}, {height} × {width} pixels) and needs it to be exported. Asked for now are other "
        "pictures, labels, another size or seed: prepare and train elsewhere (make's NAME=, or --out), or start over "
        "(make train ARGS=--fresh, or no --keep-for)"
    )


def _record(dataset: Dataset, out: Path) -> DatasetRecord | None:
    """Returns the record of the same dataset in `out`, or None where there is none."""
    try:
        record = open_prepared(out).record
    except DatasetError:
        return None
    return record if record.name == dataset.name else None
