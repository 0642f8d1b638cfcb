"""The audit as one page with thumbnails that needs nothing beside itself: no network, no script."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_runtime.stages.prepared import SPLITS, Prepared
from train.pages.rendering import render
from train.pages.thumbnail import thumbnail
from train.preparation.audit import clean
from train.preparation.findings import KINDS, Audit, Place
from train.preparation.rows import LEFT_OUT

TEMPLATE = Path(__file__).parent / "templates" / "audit.html"
SHOWN = 24  # findings of a kind with their pictures; audit.json has more
EACH = 8  # pictures shown of each label
LABELS = 100  # labels shown with pictures


@dataclass(frozen=True)
class Group:
    """Pictures that have something in common.

    Attributes:
        places: Those that are written down; the first `SHOWN` are shown.
        count: How many there are.
        title: What they have in common, where the section's title does not say it.
        copies: Whether they are equal, so that one label and one split is wanted.
    """

    places: Sequence[Place]
    count: int
    title: str = ""
    copies: bool = False

    @property
    def labels(self) -> int:
        return len({place.label for place in self.places})

    @property
    def splits(self) -> int:
        return len({place.split for place in self.places})


@dataclass(frozen=True)
class Section:
    """A kind of finding: the address inside the page, the word for it in the contents, its title and its pictures."""

    address: str
    word: str
    title: str
    groups: Sequence[Group]


def page(found: Audit, prepared: Prepared) -> bytes:
    """Returns the page.

    Raises:
        OSError: An array cannot be read.
    """
    # Mapped: only the few that are shown are read. Not through `split`, which would read all for the digest.
    pixels: dict[str, NDArray[np.uint8]] = {
        name: np.load(prepared.directory / f"{name}_pixels.npy", mmap_mode="r") for name in SPLITS
    }
    return render(
        TEMPLATE,
        found=found,
        record=prepared.record,
        splits=SPLITS,
        sections=[section for section in _sections(found) if section.groups],
        examples=_examples(prepared),
        image=lambda place: thumbnail(pixels[place.split][place.index]),
        shown=SHOWN,
        labels=LABELS,
        all_left_out=LEFT_OUT,
    )


def _sections(found: Audit) -> Iterator[Section]:
    copies = [Group(places, len(places), copies=True) for places in found.duplicates]
    yield Section("copies", "Copies", "The same picture more than once", copies)
    blank = [Group(found.blank, found.blank_count)] if found.blank else []
    yield Section("blank", "One colour", "Of one colour all over", blank)
    tiny = [Group(found.tiny, found.tiny_count)] if found.tiny else []
    yield Section("tiny", "Tiny", "Less than half as large as what the model sees", tiny)
    unusual = [
        Group(found.unusual[word], found.kinds[word], f"{meaning[0].upper()}{meaning[1:]}")
        for word, meaning in KINDS.items()
        if word in found.unusual
    ]
    yield Section("unusual", "Unusual files", "Unusual files", unusual)


def _examples(prepared: Prepared) -> Iterator[tuple[str, list[Place]]]:
    """Yields each label with some of its training pictures, spread over all of them."""
    indices = np.load(prepared.directory / "train_labels.npy")
    about = prepared.about("train")
    for number, label in enumerate(prepared.record.spec.labels[:LABELS]):
        all_of_it = np.flatnonzero(indices == number)
        chosen = all_of_it[np.linspace(0, len(all_of_it) - 1, min(EACH, len(all_of_it))).astype(int)]
        names = [clean(about.names[at]) if about else "" for at in chosen]
        yield label, [Place("train", int(at), label, name) for at, name in zip(chosen, names, strict=True)]
