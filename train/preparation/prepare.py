"""From pictures as they were found to the arrays a model trains on, however many there are."""

import errno
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_runtime.bundle import fields
from edge_runtime.bundle.manifest import digest
from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.console import say
from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import SPLITS, Prepared, check_target, open_prepared, recorded
from train.datasets.dataset import Dataset, Found
from train.preparation.audit import PAGE, audit
from train.preparation.decoding import decoded
from train.preparation.kept import needed_by, not_replaced
from train.preparation.rows import LeftOut
from train.preparation.unfinished import Unfinished, place, unfinished
from train.progress import counted


@dataclass(frozen=True)
class Preparation:
    """What came of preparing.

    Attributes:
        fresh: Whether it was prepared now; False means it was there already, intact.
        left_out: The pictures that cannot be read, and why.
        notes: What the dataset passed over.
        warnings: What the audit found that a person should look at, a sentence each.
        replaced: Name, digest and size of another prepared dataset that was there.
    """

    prepared: Prepared
    fresh: bool
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    replaced: str = ""


def prepare(
    dataset: Dataset, preprocessing: PreprocessingSpec, seed: int, out: Path, keep_for: Sequence[Path] = ()
) -> Preparation:
    """Writes `dataset` as a prepared dataset to `out`, unless the same one is there; goes on where it was interrupted.

    Args:
        dataset: Where the pictures come from.
        preprocessing: Size, resize and interpolation of every picture.
        seed: Of the split.
        out: The prepared dataset's directory.
        keep_for: Runs and searches: the dataset in `out` that one of them was begun with is not replaced by another.

    Raises:
        DatasetError: The pictures are not there, not enough of them can be read, `out` cannot be written, or what is
            there is to be kept.
        RunError: The record of a search in `keep_for` cannot be read.
    """
    spec = ModelSpec(dataset.labels, preprocessing)
    existing = intact(out)
    if existing is not None:
        record = existing.record
        same = (record.name, record.spec, record.seed) == (dataset.name, spec, seed)
        if same and dataset.is_origin(record.origin):
            return Preparation(existing, fresh=False, warnings=_audited(existing))
    check_target(out)  # before minutes of work
    needing = None if existing is None else needed_by(existing, keep_for)
    if existing and needing and (existing.record.name, existing.record.spec) != (dataset.name, spec):
        raise not_replaced(existing, needing)
    found = dataset.find(seed)
    # Too few already by what was found: told before minutes of decoding.
    dataset.check({name: [sample.label for sample in found.splits[name]] for name in SPLITS})
    total = sum(len(found.splits[name]) for name in SPLITS)
    key = digest(fields.canonical([dataset.name, spec, seed, found.origin, total, found.slices]))
    try:
        with unfinished(out, key, preprocessing.size, found.slices) as work:
            check_space(out, total - work.resumed, preprocessing.size, _free(out))
            if work.resumed:
                say(f"going on after {work.resumed:,} of {total:,} pictures")
            _decode(found, preprocessing, work)
            left_out = work.left_out()
            _check(dataset, work, left_out)
            work.complete()
            made = recorded(
                work.directory,
                name=dataset.name,
                origin=found.origin,
                grey=work.grey,
                spec=spec,
                seed=seed,
                counts=work.counts,
                group_by=found.group_by,
            )
            # Not before: a picture that was merely written again, or came from another place, is no other dataset.
            if existing and needing and made.digest != existing.digest:
                raise not_replaced(existing, needing)
            warnings = audit(made).warnings
            work.move(out)
    except OSError as error:
        message = f"{error.filename or out}: cannot be written: {error.strerror or error}"
        if place(out).exists():
            message += f"; what is prepared by now is kept in {place(out)}, and the same command goes on from there"
        raise DatasetError(message) from error
    return Preparation(open_prepared(out), True, left_out, found.notes, warnings, _replaced(existing, made))


def check_space(out: Path, pictures: int, size: tuple[int, int], free: int) -> None:
    """Makes sure that the disk has room, before minutes of work.

    Args:
        out: Where the dataset is to be.
        pictures: How many are still to be prepared.
        size: Their height and width in pixels.
        free: Bytes that are free there.

    Raises:
        OSError: It has not.
    """
    needed = pictures * size[0] * size[1] * 3
    if needed > free:
        raise OSError(
            errno.ENOSPC,
            f"{needed / 1e6:,.0f} MB are needed for {pictures:,} pictures of {size[0]} × {size[1]} pixels, "
            f"{free / 1e6:,.0f} MB are free; make room, choose another disk, or a smaller --size",
            str(out),
        )


def intact(out: Path) -> Prepared | None:
    """Returns the prepared dataset in `out` if there is one and every file of it is as it was written."""
    try:
        prepared = open_prepared(out)
        for name in SPLITS:
            prepared.split(name)
    except DatasetError:
        return None
    return prepared


def _decode(found: Found, preprocessing: PreprocessingSpec, work: Unfinished) -> None:
    for name in SPLITS:
        samples = found.splits[name][work.read(name) :]
        with work.growing(name) as take:
            results = counted(decoded(samples, preprocessing), len(samples), f"preparing {name}")
            for sample, result in zip(samples, results, strict=True):
                take(sample, result)


def _check(dataset: Dataset, work: Unfinished, left_out: tuple[LeftOut, ...]) -> None:
    try:
        dataset.check({name: work.labels(name).tolist() for name in SPLITS})
    except DatasetError as error:  # enough was found, so it is these that are missing
        raise DatasetError(f"{error}. {len(left_out):,} cannot be read, such as {left_out[0].reason}") from error


def _audited(existing: Prepared) -> tuple[str, ...]:
    """Audits what was prepared before there were audits, or tells why not: a volume may be read-only."""
    if (existing.directory / PAGE).is_file():
        return ()
    try:
        return audit(existing).warnings
    except OSError as error:
        return (f"{existing.directory / PAGE}: cannot be written: {error.strerror or error}",)


def _free(out: Path) -> int:
    above = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    return shutil.disk_usage(above).free


def _replaced(existing: Prepared | None, made: Prepared) -> str:
    if existing is None or existing.digest == made.digest:
        return ""
    height, width = existing.record.spec.preprocessing.size
    return f"{existing.record.name} {existing.digest[:12]} ({height} × {width} pixels)"
