"""What datasets of picture files have in common, however the files are listed: splits, origin, enough of each label."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
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


def split(listed: Sequence[Listed], seed: int) -> tuple[dict[SplitName, Sequence[Sample]], tuple[str, ...]]:
    """Splits picture files by where they were put, and else by their group or, without one, by their content.

    Every file that nobody has put anywhere is read once. Of those for training a share becomes the validation or the
    test split that nobody provided. Groups may hold equal files and lie in different splits: then the one that is
    nearest to training stays, so that nothing is judged on what was learned, and no picture moves.

    Returns:
        The splits, and a sentence where copies were passed over.
    """
    provided = given(listed)
    splits: list[SplitName] = []
    contents: list[bytes] = []  # of those that were drawn and are to be compared; nothing for others
    first: dict[bytes, SplitName] = {}
    several = any(sample.group for sample, _ in listed)
    for sample, put in counted(listed, len(listed), "reading"):
        name, content = put or "train", b""
        if put is None or (put == "train" and len(provided) < len(SPLITS)):
            content = _content(sample)
            drawn = _drawn(sample, content, seed)
            name = drawn if put is None or drawn not in provided else put
            if several and content:
                first[content] = min(name, first.get(content, name), key=SPLITS.index)
        splits.append(name)
        contents.append(content if several else b"")
    samples: dict[SplitName, list[Sample]] = {name: [] for name in SPLITS}
    for (sample, _), name, content in zip(listed, splits, contents, strict=True):
        if first.get(content, name) == name:
            samples[name].append(sample)
    passed = len(listed) - sum(map(len, samples.values()))
    return dict(samples), (_passed_over(passed),) if passed else ()


def _content(sample: Sample) -> bytes:
    assert isinstance(sample.picture, Path)
    try:
        with sample.picture.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").digest()
    except OSError:
        return b""


def _drawn(sample: Sample, content: bytes, seed: int) -> SplitName:
    if not content:
        return "train"  # wherever it stands: when it is to be decoded it is left out, counted and named
    if not sample.group:
        return split_of(content, seed)
    return split_of(hashlib.sha256(sample.group.encode("utf-8", "surrogateescape")).digest(), seed)


def _passed_over(count: int) -> str:
    return (
        f"{count:,} picture{'s' * (count > 1)} passed over: the same file lies in a group of another split that is "
        "nearer to training"
    )


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
        group = (sample.group,) if sample.group else ()
        known = "\0".join((sample.name, str(sample.label), put or "", *sample.slices.values(), *group, state))
        listing.update(f"{known}\n".encode(errors="replace"))
    return f"{root.resolve()} ({len(listed):,} pictures, listing {listing.hexdigest()[:12]})"


def check_labels(
    root: Path, labels: Sequence[str], kept: dict[SplitName, list[int]], listed: Sequence[Listed], remedy: str
) -> None:
    """Makes sure that every label has pictures in every split; `listed` is what they were taken from.

    Raises:
        DatasetError: One has not; the message names it and what to do.
    """
    counted_by_split = {name: Counter(indices) for name, indices in kept.items()}
    grouped = any(sample.group for sample, _ in listed)
    short = []
    for index, label in enumerate(labels):
        counts = {name: counter[index] for name, counter in counted_by_split.items()}
        lacking = [name for name in SPLITS if not counts[name]]
        if lacking:
            total = sum(counts.values())
            in_groups = f" in {_units(listed, index):,} groups" if grouped else ""
            none = f", none of them for {' and '.join(lacking)}" if total else ""
            none = _only_in(listed, labels, index) or none
            short.append(f"'{label}' has {total:,}{in_groups}{none}")
    if not short:
        return
    left = len(short) - SHOWN
    more = f"; and {left:,} label{'s' * (left > 1)} more" if left > 0 else ""
    share = f"about {100 * (1 - VALIDATION - TEST):.0f}, {100 * VALIDATION:.0f} and {100 * TEST:.0f} %"
    provided = [name for name in SPLITS if name in given(listed)]
    if len(provided) == len(SPLITS):
        wanted = "Every label needs some in train, validation and test, which were given. Add or move some"
    elif "train" in provided:
        missing = " and ".join(name for name in SPLITS if name not in provided)
        wanted = (
            f"Every label needs some in {' and '.join(provided)}, which were given, and enough in train: a tenth of "
            f"them, or of their groups, becomes {missing}, which was not. Add or move some"
        )
    elif grouped:
        wanted = (
            f"Pictures of a group stay together, and every label needs groups for train, validation and test, which "
            f"take {share} of them. Add groups, such as recordings made at other times: 50 or more of each label are "
            "nearly always enough; try another --seed; put pictures into folders train, val and test yourself (in a "
            "table: a column split); leave the groups away, and be judged on neighbours of what was learned"
        )
    else:
        # Both splits of a tenth get one with probability 1 - 2 * 0.9 ** n + 0.8 ** n: 41 % with 10, 99 % with 50.
        wanted = (
            f"Every label needs some for train, validation and test, which take {share} of them, chosen by "
            "content. Add pictures: 50 or more of each label are nearly always enough; try another --seed, which draws "
            "others"
        )
    raise DatasetError(f"{root}: too few pictures: {'; '.join(short[:SHOWN])}{more}. {wanted}; or {remedy}")


def _only_in(listed: Sequence[Listed], labels: Sequence[str], index: int) -> str:
    """Returns where a label is that was put into validation or test and not into train, and which it may have meant."""
    learned = {sample.label for sample, put in listed if put == "train"}
    places = {put for sample, put in listed if sample.label == index}
    if not learned or index in learned or not places or None in places:
        return ""
    near = get_close_matches(labels[index], [labels[at] for at in sorted(learned)], n=1)
    meant = f" (did you mean '{near[0]}'?)" if near else ""
    return f", only in {' and '.join(name for name in SPLITS if name in places)}{meant}"


def _units(listed: Sequence[Listed], label: int) -> int:
    """Returns how many groups, and pictures of none, a label has."""
    ours = [sample for sample, _ in listed if sample.label == label]
    return len({sample.group for sample in ours if sample.group}) + sum(not sample.group for sample in ours)
