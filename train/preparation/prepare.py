"""From pictures as they were found to the arrays a model trains on."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.errors import DatasetError, PictureError
from edge_runtime.preprocess import preprocess
from edge_runtime.stages.prepared import SPLITS, Prepared, Split, SplitName, open_prepared, write_prepared
from train.datasets.dataset import Dataset, Sample
from train.progress import counted

AHEAD = 256  # pictures decoded at a time, so that Ctrl-C never waits for a long queue


@dataclass(frozen=True)
class Preparation:
    """What came of preparing.

    Attributes:
        fresh: Whether it was prepared now; False means it was there already, intact.
        unreadable: Why each picture that was left out cannot be read, a sentence each.
        notes: What the dataset passed over.
        replaced: Name, digest and size of another prepared dataset that was there.
    """

    prepared: Prepared
    fresh: bool
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    replaced: str = ""


def prepare(dataset: Dataset, preprocessing: PreprocessingSpec, seed: int, out: Path) -> Preparation:
    """Writes `dataset` as a prepared dataset to `out`, unless the same one is there.

    Args:
        dataset: Where the pictures come from.
        preprocessing: Size, resize and interpolation of every picture.
        seed: Of the split.
        out: The prepared dataset's directory.

    Raises:
        DatasetError: The pictures are not there, not enough of them can be read, or `out` cannot be written.
    """
    spec = ModelSpec(dataset.labels, preprocessing)
    existing = intact(out)
    if existing is not None:
        record = existing.record
        same = (record.name, record.spec, record.seed) == (dataset.name, spec, seed)
        if same and dataset.is_origin(record.origin):
            return Preparation(existing, fresh=False)
    elif out.exists() and not (out.is_dir() and not any(out.iterdir())) and not (out / "dataset.json").is_file():
        # write_prepared would refuse too, but only after minutes of work.
        raise DatasetError(f"{out}: exists and is not a prepared dataset; choose another place or remove it")
    found = dataset.find(seed)
    # Too few already by what was found: told before minutes of decoding.
    dataset.check({name: [sample.label for sample in found.splits[name]] for name in SPLITS})
    splits: dict[SplitName, Split] = {}
    unreadable: list[str] = []
    for name in SPLITS:
        splits[name], left_out = _prepared(found.splits[name], preprocessing, name)
        unreadable += left_out
    try:
        dataset.check({name: split.labels.tolist() for name, split in splits.items()})
    except DatasetError as error:  # enough was found, so it is these that are missing
        raise DatasetError(f"{error}. {len(unreadable):,} cannot be read, such as {unreadable[0]}") from error
    prepared = write_prepared(
        out,
        name=dataset.name,
        origin=found.origin,
        grey=all(is_grey(split.pixels) for split in splits.values()),
        spec=spec,
        seed=seed,
        splits=splits,
    )
    return Preparation(prepared, True, tuple(unreadable), found.notes, _told(existing))


def _told(existing: Prepared | None) -> str:
    if existing is None:
        return ""
    height, width = existing.record.spec.preprocessing.size
    return f"{existing.record.name} {existing.digest[:12]} ({height} × {width} pixels)"


def intact(out: Path) -> Prepared | None:
    """Returns the prepared dataset in `out` if there is one and every file of it is as it was written."""
    try:
        prepared = open_prepared(out)
        for name in SPLITS:
            prepared.split(name)
    except DatasetError:
        return None
    return prepared


def is_grey(pixels: NDArray[np.uint8]) -> bool:
    """Whether red, green and blue are equal everywhere in uint8 ``[n, height, width, 3]``."""
    # In blocks: a comparison of all at once would need as much memory again as the pixels.
    blocks = (pixels[start : start + 1000] for start in range(0, len(pixels), 1000))
    return all(bool((block == block[..., :1]).all()) for block in blocks)


def _prepared(samples: Sequence[Sample], preprocessing: PreprocessingSpec, name: str) -> tuple[Split, list[str]]:
    pixels = np.empty((len(samples), *preprocessing.size, 3), np.uint8)
    labels = np.empty(len(samples), np.int64)
    kept, unreadable = 0, []
    results = counted(_decoded(samples, preprocessing), len(samples), f"preparing {name}")
    for sample, result in zip(samples, results, strict=True):
        if isinstance(result, PictureError):
            unreadable.append(str(result))
            continue
        pixels[kept], labels[kept] = result, sample.label
        kept += 1
    return Split(pixels[:kept], labels[:kept]), unreadable


def _decoded(samples: Sequence[Sample], preprocessing: PreprocessingSpec) -> Iterator[NDArray[np.uint8] | PictureError]:
    """Yields each sample's pixels, or why there are none, in order."""

    def decode(sample: Sample) -> NDArray[np.uint8] | PictureError:
        try:
            return preprocess(sample.picture, preprocessing)
        except PictureError as error:
            return error

    if samples and not isinstance(samples[0].picture, Path):
        yield from map(decode, samples)  # arrays: threads would cost more than the 10 µs a picture takes
        return
    with ThreadPoolExecutor() as pool:  # Pillow decodes without holding the interpreter's lock
        for start in range(0, len(samples), AHEAD):
            yield from pool.map(decode, samples[start : start + AHEAD])
