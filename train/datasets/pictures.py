"""What datasets of picture files have in common, however the files are listed: splits, origin, enough of each label."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import SPLITS, SplitName
from train.datasets.dataset import Sample
from train.progress import counted

TEST, VALIDATION = 0.1, 0.1  # shares of the pictures; the rest is for training
SHOWN = 5  # labels named one by one
# What people and tools call them; compared in lower case.
SPELLINGS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
Listed = tuple[Sample, SplitName | None]  # a picture file, and the split it was put into, if it was


def split_of(sha256: bytes, seed: int = 0) -> SplitName:
    """Returns the split of the picture whose content has this digest."""
    if seed:
        sha256 = hashlib.sha256(seed.to_bytes(16, "big") + sha256).digest()
    fraction = int.from_bytes(sha256[:8], "big") / 2**64
    if fraction < TEST:
        return "test"
    return "validation" if fraction < TEST + VALIDATION else "train"


def given(listed: Iterable[Listed]) -> set[SplitName]:
    """Returns the splits that pictures were put into."""
    return {split for _, split in listed if split is not None}


def split(listed: Sequence[Listed], seed: int) -> dict[SplitName, Sequence[Sample]]:
    """Splits picture files by where they were put, and else by their content, for which every file is read once.

    Of those for training a share becomes the validation or the test split that nobody provided.
    """
    provided = given(listed)
    samples: dict[SplitName, list[Sample]] = {name: [] for name in SPLITS}
    for sample, put in counted(listed, len(listed), "reading"):
        name = put or "train"
        if put is None or (put == "train" and len(provided) < len(SPLITS)):
            drawn = _drawn(sample, seed)
            name = drawn if put is None or drawn not in provided else put
        samples[name].append(sample)
    return dict(samples)


def _drawn(sample: Sample, seed: int) -> SplitName:
    assert isinstance(sample.picture, Path)
    try:
        with sample.picture.open("rb") as opened:
            return split_of(hashlib.file_digest(opened, "sha256").digest(), seed)
    except OSError:
        return "train"  # wherever it stands: when it is to be decoded it is left out, counted and named


def origin_of(root: Path, listed: Sequence[Listed]) -> str:
    """Returns what tells these pictures from the same ones changed, without reading them: names, sizes, times."""
    listing = hashlib.sha256()
    for sample, put in listed:
        assert isinstance(sample.picture, Path)
        try:
            stat = sample.picture.stat()
            state = f"{stat.st_size}\0{stat.st_mtime_ns}"
        except OSError:
            state = "unreadable"
        known = "\0".join((sample.name, str(sample.label), put or "", *sample.slices.values(), state))
        listing.update(f"{known}\n".encode(errors="replace"))
    return f"{root.resolve()} ({len(listed):,} pictures, listing {listing.hexdigest()[:12]})"


def check_labels(
    root: Path, labels: Sequence[str], kept: dict[SplitName, list[int]], provided: set[SplitName], remedy: str
) -> None:
    """Makes sure that every label has pictures in every split.

    Raises:
        DatasetError: One has not; the message names it and what to do.
    """
    counted_by_split = {name: Counter(indices) for name, indices in kept.items()}
    short = []
    for index, label in enumerate(labels):
        counts = {name: counter[index] for name, counter in counted_by_split.items()}
        lacking = [name for name in SPLITS if not counts[name]]
        if lacking:
            total = sum(counts.values())
            short.append(f"'{label}' has {total:,}" + (f", none of them for {' and '.join(lacking)}" if total else ""))
    if not short:
        return
    left = len(short) - SHOWN
    more = f"; and {left:,} label{'s' * (left > 1)} more" if left > 0 else ""
    if len(provided) == len(SPLITS):
        wanted = "Every label needs some in train, validation and test, which were given. Add or move some"
    else:
        # Both splits of a tenth get one with probability 1 - 2 * 0.9 ** n + 0.8 ** n: 41 % with 10, 99 % with 50.
        wanted = (
            f"Every label needs some for train, validation and test, which take about "
            f"{100 * (1 - VALIDATION - TEST):.0f}, {100 * VALIDATION:.0f} and {100 * TEST:.0f} % of them, chosen by "
            "content. Add pictures: 50 or more of each label are nearly always enough; try another --seed, which draws "
            "others"
        )
    raise DatasetError(f"{root}: too few pictures: {'; '.join(short[:SHOWN])}{more}. {wanted}; or {remedy}")
