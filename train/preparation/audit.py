"""What a person should know of a prepared dataset before anything is trained on it.

Two pictures are the same when the model would see the same pixels: whatever their files are called, and however they
were compressed. Pictures that merely look alike are not found, but frames of one recording are known by their names.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle import fields
from edge_runtime.collecting.names import recording_of
from edge_runtime.files import write_atomically
from edge_runtime.stages.prepared import SPLITS, About, Prepared, SplitName
from train.preparation.findings import LISTED, SCHEMA_VERSION, Audit, Place, warnings
from train.preparation.rows import LeftOut, read_left_out
from train.progress import counted

PAGE, RESULT = "audit.html", "audit.json"
TINY = 2  # times smaller than what the model sees, either way: more than half of what it sees is invented
BLOCK = 1 << 22  # bytes of pixels looked at at a time


def audit(prepared: Prepared) -> Audit:
    """Looks at every picture of a prepared dataset and writes ``audit.json`` and ``audit.html`` into it.

    Raises:
        DatasetError: A list of samples is damaged.
        OSError: The disk refused.
    """
    from train.preparation.audit_page import page

    found = examine(prepared)
    write_atomically(prepared.directory / PAGE, page(found, prepared))
    write_atomically(prepared.directory / RESULT, fields.canonical(found))
    return found


def examine(prepared: Prepared) -> Audit:
    """Returns what there is to say of a prepared dataset.

    Raises:
        DatasetError: A list of samples is damaged.
        OSError: An array cannot be read.
    """
    record = prepared.record
    labels = record.spec.labels
    about = {name: prepared.about(name) for name in SPLITS}
    index = {name: np.load(prepared.directory / f"{name}_labels.npy") for name in SPLITS}
    starts = dict(zip(SPLITS, np.cumsum([0, *(record.counts[name] for name in SPLITS)]).tolist(), strict=False))

    def place(at: int) -> Place:
        split = next(name for name in reversed(SPLITS) if starts[name] <= at)
        inside = at - starts[split]
        return Place(split, inside, labels[index[split][inside]], _named(about[split], inside))

    groups, blank = _equal(prepared, starts)
    duplicates = [tuple(place(at) for at in group) for group in groups]
    leaks = [len({one.split for one in group}) > 1 for group in duplicates]
    contradictions = [len({one.label for one in group}) > 1 for group in duplicates]
    worst_first = sorted(range(len(groups)), key=lambda at: (not leaks[at], not contradictions[at]))
    tiny = [starts[name] + at for name in SPLITS for at in _tiny(about[name], record.spec.preprocessing.size)]
    torn = _torn(about)
    left_out = read_left_out(prepared.directory)
    unusual = _unusual(about, starts)
    counts: dict[str, dict[str, int]] = {
        label: {name: int((index[name] == number).sum()) for name in SPLITS} for number, label in enumerate(labels)
    }
    written = tuple(_readable(one) for one in left_out[:LISTED])
    found = Audit(
        SCHEMA_VERSION,
        record.name,
        prepared.digest,
        counts,
        written,
        len(left_out),
        tuple(duplicates[at] for at in worst_first[:LISTED]),
        sum(len(group) - 1 for group in groups),
        sum(leaks),
        sum(contradictions),
        tuple(place(at) for at in blank[:LISTED]),
        len(blank),
        tuple(place(at) for at in tiny[:LISTED]),
        len(tiny),
        len(torn),
        sum(torn),
        _fewest(about, index, len(labels)),
        {word: len(places) for word, places in unusual.items()},
        {word: tuple(place(at) for at in places[:LISTED]) for word, places in unusual.items()},
        (),
    )
    return replace(found, warnings=tuple(warnings(found)))


def _equal(prepared: Prepared, starts: dict[SplitName, int]) -> tuple[list[list[int]], list[int]]:
    """Returns groups of equal pictures and the pictures of one colour, all as indices over the three splits."""
    total = sum(prepared.record.counts.values())
    digests = np.empty(total, np.uint64)
    blank = []
    pictures = (picture for name in SPLITS for picture in _pixels(prepared, name))
    for at, picture in enumerate(counted(pictures, total, "auditing")):
        content = picture.tobytes()
        digests[at] = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
        if (picture == picture[0, 0]).all():
            blank.append(at)
    order = np.argsort(digests, kind="stable")
    edges = np.flatnonzero(np.diff(digests[order])) + 1
    # 64 bits: of a million different pictures two share a digest once in 40 million datasets.
    groups = [group.tolist() for group in np.split(order, edges) if len(group) > 1]
    return sorted(groups), blank


def _pixels(prepared: Prepared, name: SplitName) -> Iterator[NDArray[np.uint8]]:
    """Yields the pictures of a split; read and not mapped, so that memory stays flat."""
    shape = (*prepared.record.spec.preprocessing.size, 3)
    one = int(np.prod(shape))
    with (prepared.directory / f"{name}_pixels.npy").open("rb") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        while len(block := np.fromfile(file, np.uint8, max(1, BLOCK // one) * one)):
            yield from block.reshape(-1, *shape)


def _tiny(about: About | None, size: tuple[int, int]) -> list[int]:
    if about is None:
        return []
    height, width = size
    return [at for at, (wide, high) in enumerate(about.sizes) if wide * TINY < width or high * TINY < height]


def _unusual(about: dict[SplitName, About | None], starts: dict[SplitName, int]) -> dict[str, list[int]]:
    """Returns the files that are animated, transparent and so on, by that word, as indices over the three splits."""
    found: dict[str, list[int]] = {}
    for name in SPLITS:
        known = about[name]
        for at, kind in enumerate(known.kinds if known else ()):
            for word in kind.split():
                found.setdefault(word, []).append(starts[name] + at)
    return found


def _torn(about: dict[SplitName, About | None]) -> list[int]:
    """Returns how many pictures each recording has of which more than one split has some."""
    counts: dict[str, Counter[str]] = {}
    for split, known in about.items():
        for name in known.names if known else ():
            if recording := recording_of(name.rpartition("/")[2]):
                counts.setdefault(recording, Counter())[split] += 1
    return [counter.total() for counter in counts.values() if len(counter) > 1]


def _fewest(about: dict[SplitName, About | None], index: dict[SplitName, NDArray[np.int64]], labels: int) -> int:
    """Returns how many recordings the label with the fewest has; a picture of none stands alone, as one."""
    found: list[set[str]] = [set() for _ in range(labels)]
    for split, known in about.items():
        for name, label in zip(known.names if known else (), index[split].tolist(), strict=False):
            found[label].add(recording_of(name.rpartition("/")[2]) or name)
    return min(map(len, found))


def _named(about: About | None, at: int) -> str:
    return "" if about is None else clean(about.names[at])


def _readable(one: LeftOut) -> LeftOut:
    return LeftOut(one.split, one.label, clean(one.name), clean(one.reason))


def clean(text: str) -> str:
    """Returns a text that may hold bytes of no encoding, as a file's name may, so that it can be written down."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
