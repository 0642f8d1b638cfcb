"""What an audit can find, and what of that is worth a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_runtime.stages.prepared import SplitName
from train.preparation.decoding import ANIMATED, CMYK, DEEP, TRANSPARENT
from train.preparation.rows import LeftOut

SCHEMA_VERSION = 1
FEW = 50  # pictures of a label: below, its test split of a tenth says little, and may be empty
IMBALANCE = 10  # times as many training pictures of one label as of another
LISTED = 200  # findings of one kind that are written down one by one; all are counted
KINDS = {
    ANIMATED: "animated: the first frame is taken",
    TRANSPARENT: "with an alpha channel: transparency is dropped, and what lay under it shows",
    DEEP: "of 16 bits a value: the upper 8 are taken",
    CMYK: "CMYK, as for print: colours are converted without a colour profile",
}


@dataclass(frozen=True)
class Place:
    """Where a picture is: its split, its index there, its label and, where it has one, its name."""

    split: SplitName
    index: int
    label: str
    name: str


@dataclass(frozen=True)
class Audit:
    """The content of ``audit.json``.

    Attributes:
        dataset: What it is called.
        digest: Of the prepared dataset.
        counts: Pictures of each label in each split.
        left_out: Pictures that cannot be read; the first `LISTED`.
        left_out_count: All of them.
        duplicates: Groups of equal pictures, those in several splits first, then those with several labels; the first
            `LISTED`.
        duplicate_count: Pictures that have an equal one before them.
        leaks: Groups that lie in more than one split.
        contradictions: Groups that bear more than one label.
        blank: Pictures of one colour all over; the first `LISTED`.
        blank_count: All of them.
        tiny: Pictures whose width or height is below half of what the model sees; the first `LISTED`.
        tiny_count: All of them.
        torn: Recordings, by the names that `edge-runtime capture` gives, of which several splits have pictures.
        torn_count: Their pictures.
        recordings: Recordings of the label that has the fewest, each picture of none counted as one.
        kinds: How many files are animated, transparent and so on.
        unusual: Which these are, by the same words; the first `LISTED` of each.
        warnings: What of that a person should look at, a sentence each.
    """

    schema_version: int
    dataset: str
    digest: str
    counts: dict[str, dict[str, int]]
    left_out: tuple[LeftOut, ...]
    left_out_count: int
    duplicates: tuple[tuple[Place, ...], ...]
    duplicate_count: int
    leaks: int
    contradictions: int
    blank: tuple[Place, ...]
    blank_count: int
    tiny: tuple[Place, ...]
    tiny_count: int
    torn: int
    torn_count: int
    recordings: int
    kinds: dict[str, int]
    unusual: dict[str, tuple[Place, ...]]
    warnings: tuple[str, ...]


def warnings(found: Audit) -> Iterator[str]:
    """Yields what a person should look at, a sentence each, the gravest first."""
    if found.left_out_count:
        yield f"{_pictures(found.left_out_count)} left out as unreadable"
    if found.leaks:
        yield (
            f"{_pictures(found.leaks)} in more than one split: the model is judged on what it was trained on, "
            "and the figures are too good; remove the copies"
        )
    if found.contradictions:
        yield f"{_pictures(found.contradictions)} under more than one label: one of the labels is wrong"
    if found.duplicate_count:
        yield f"{_pictures(found.duplicate_count)} equal to another one: they count twice"
    if found.torn:
        yield (
            f"{_pictures(found.torn_count)} of {found.torn:,} recording{'s' * (found.torn > 1)} that more than one "
            "split has a part of: neighbouring frames are alike, and the figures are too good; capture the test's "
            f"pictures at another time, into test/ beside train/{_or_whole(found.recordings)}"
        )
    totals = {label: sum(counts.values()) for label, counts in found.counts.items()}
    few = [f"'{label}' ({total:,})" for label, total in totals.items() if total < FEW]
    if few:
        more = f" and {len(few) - 5:,} more" if len(few) > 5 else ""
        yield f"fewer than {FEW} pictures of {', '.join(few[:5])}{more}: what is measured of them is mostly chance"
    training = {label: counts["train"] for label, counts in found.counts.items()}
    most, least = max(training, key=training.__getitem__), min(training, key=training.__getitem__)
    if training[least] and training[most] >= IMBALANCE * training[least]:
        yield (
            f"{training[most] / training[least]:,.0f} times as many training pictures of '{most}' "
            f"({training[most]:,}) as of '{least}' ({training[least]:,}): the model will tend to the former"
        )
    if found.tiny_count:
        yield f"{_pictures(found.tiny_count)} less than half as large, either way, as what the model sees: blurred"
    if found.blank_count:
        yield f"{_pictures(found.blank_count)} of one colour all over"
    for word, meaning in KINDS.items():
        if found.kinds.get(word):
            yield f"{_pictures(found.kinds[word])} {meaning}"


def _or_whole(recordings: int) -> str:
    """Returns the other way to keep recordings whole, where there are enough of them for three splits."""
    if recordings < FEW:
        return (
            f" (--group-by recording, which keeps recordings whole, wants {FEW} or more recordings of each label, and "
            f"one has {recordings})"
        )
    return ", or keep recordings whole with --group-by recording (make: PREPARE='--group-by recording')"


def _pictures(count: int) -> str:
    return f"{count:,} picture{' is' if count == 1 else 's are'}"
