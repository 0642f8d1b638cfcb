"""What ``edge-runtime diff`` says: changes between two bundles, as text for somebody who is about to deploy one."""

import textwrap
import typing
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from edge_runtime.bundle.difference import SAME_VERSION, About, Change
from edge_runtime.bundle.manifest import SHORT_DIGEST, Manifest
from edge_runtime.commands.table import size, table

WIDTH = 100  # columns
FEW = 6  # labels, files of a folder: more are counted
SHOWN = 3  # labels that lost most, of each variant
NOTICED = 0.01  # of a label's pictures; on a thousand of them half of that is chance
TABLE = ("size", "top1", "agreement")  # what the table of variants holds
DIGESTS = ("model", "dataset_digest")


def text(changes: Sequence[Change], old: Manifest, new: Manifest) -> str:
    """Returns what changed, most important first; lines of at most 100 columns."""
    lines = []
    warnings = list(_warnings([change for change in changes if change.breaks], old, new))
    if warnings:
        lines += ["", "look at these before a device gets the new one:"]
        lines += [line for warning in warnings for line in _wrapped(f"  - {warning}", 4)]
    for about, own in _grouped(changes):
        said = list(_section(about, own, old, new))
        if said:
            lines += ["", about, *(line for one in said for line in _wrapped(f"  {one}", 6))]
    touched = {change.about for change in changes}
    untouched = [about for about in typing.get_args(About) if about not in touched | {"parity", "identity"}]
    return "\n".join([*lines, *(["", f"as before: {', '.join(untouched)}"] if untouched else [])])


def _warnings(changes: Sequence[Change], old: Manifest, new: Manifest) -> Iterator[str]:
    """Yields a sentence for each thing that may break what is around the device."""
    labels = [change for change in changes if change.about == "labels"]
    moved = [change for change in labels if change.old is not None and change.new is not None]
    gone = [change for change in labels if change.new is None]
    added = [change for change in labels if change.old is None]
    if moved:
        places = _few([f"{change.what} {change.old} → {change.new}" for change in moved])
        yield f"{_labels(moved)} moved: who reads scores by their place now reads another label's: {places}"
    if gone:
        yield f"{_labels(gone)} gone: what waits for one of them waits in vain: {_few(_names(gone))}"
    if added:
        yield f"{_labels(added)} new: what reads results has never seen {_few(_names(added))}"
    reasons = {left.name: f" ({left.reason})" for left in new.gate.left_out}
    for change in changes:
        value = f"{_value(change.old)} → {_value(change.new)}"
        if change.what == SAME_VERSION:
            yield f"both call themselves {new.name} {new.version}: in results only the digest tells them apart"
        elif change.what == "signed":
            yield f"signed: {value}: a device that was given a key takes no other"
        elif change.about == "identity":
            yield f"{change.what}: {value}: is it the same model? Topics, entities and folders carry this name"
        elif change.about == "preprocessing":
            yield f"{change.what}: {value}: who sends pixels rather than pictures must prepare them so"
        elif change.about == "variants" and change.new is None:
            yield f"{change.what} is gone{reasons.get(change.what, '')}: a device that was told to take it stops"
        elif change.about == "variants":
            yield f"{change.what.partition(':')[0]} needs at least {change.new}, not {change.old} as before"


def _section(about: About, changes: Sequence[Change], old: Manifest, new: Manifest) -> Iterator[str]:
    """Yields the lines of one part; nothing where the warnings have said it all."""
    if about == "variants":
        yield from _variants(changes, old, new)
    elif about == "files":
        yield from _files(changes)
    elif about == "parity":
        yield from _parity(changes)
    elif about == "identity":
        yield from (
            f"signed: none → {change.new}" for change in changes if change.what == "signed" and not change.breaks
        )
    elif about not in ("labels", "preprocessing"):
        for change in changes:
            if change.what.endswith("indices"):
                if change.old and change.new:
                    yield "calibration: other pictures"
            elif change.what == "threshold":
                told = f"{_value(change.old)} → {_value(change.new)}"
                yield f"threshold: {told}: a picture whose best score is below is unknown"
            else:
                short = SHORT_DIGEST if change.what in DIGESTS else None
                yield f"{change.what}: {_value(change.old)[:short]} → {_value(change.new)[:short]}"


def _variants(changes: Sequence[Change], old: Manifest, new: Manifest) -> Iterator[str]:
    before, after = ({one.name: one for one in manifest.variants} for manifest in (old, new))
    rows = []
    for name in [*after, *(name for name in before if name not in after)]:
        was, now = before.get(name), after.get(name)
        sizes = [size(m.files[v.path].size) if v else "-" for m, v in ((old, was), (new, now))]
        top1, agreement = ([f"{getattr(v, what):.4f}" if v else "-" for v in (was, now)] for what in TABLE[1:])
        points = f"{(now.top1 - was.top1) * 100:+.2f}" if was and now and was.top1 != now.top1 else ""
        rows.append([name, _pair(sizes), _pair(top1), points, _pair(agreement)])
    yield from table(["variant", "size", "top-1", "points", "agreement"], rows, right=(3,)).splitlines()
    if old.provenance.dataset_digest != new.provenance.dataset_digest:
        yield "top-1 was measured on other pictures than before: the two say little of each other"
    others: dict[str, list[str]] = {}
    for change in changes:
        variant, _, field = change.what.partition(": ")
        if field == "left out":
            if variant in after or variant not in before:  # the warnings have said it of one that is gone
                yield f"{variant} left out: {change.new or 'no longer'}"
        elif field and field not in TABLE and not change.breaks:
            others.setdefault(field, []).append(f"{variant} {_value(change.old)} → {_value(change.new)}")
    for field, words in others.items():
        yield f"{field.replace('_', ' ')}: {', '.join(words)}"


def _parity(changes: Sequence[Change]) -> Iterator[str]:
    """Yields the labels that each variant judges worse than before."""
    lost: dict[str, list[tuple[float, str]]] = {}
    for change in changes:
        if change.old - change.new >= NOTICED:
            variant, _, label = change.what.partition(": ")
            words = f"{label} {change.old:.3f} → {change.new:.3f}"
            lost.setdefault(variant, []).append((change.new - change.old, words))
    for variant, labels in lost.items():
        yield f"{variant}: {_few([words for _, words in sorted(labels)], SHOWN)}"
    if not lost:
        yield f"no label of any variant lost {NOTICED * 100:g} points or more"


def _files(changes: Sequence[Change]) -> Iterator[str]:
    """Yields each file; those of a folder where many changed as numbers."""
    folders: dict[str, list[Change]] = {}
    for change in changes:
        folders.setdefault(str(PurePosixPath(change.what).parent), []).append(change)
    for folder, own in folders.items():
        if len(own) > FEW:
            kinds = [_kind(change) for change in own]
            counts = [f"{kinds.count(kind)} {kind}" for kind in ("altered", "added", "removed") if kind in kinds]
            total = [
                size(sum(one["size"] for one in side if one))
                for side in zip(*((c.old, c.new) for c in own), strict=True)
            ]
            yield f"{folder}/: {', '.join(counts)}, together {_pair(total)}"
            continue
        for change in own:
            sizes = [size(one["size"]) for one in (change.old, change.new) if one]
            yield f"{_kind(change):8}{change.what}  {_pair(sizes)}"


def _kind(change: Change) -> str:
    return "added" if change.old is None else "removed" if change.new is None else "altered"


def _grouped(changes: Sequence[Change]) -> Iterator[tuple[About, list[Change]]]:
    for about in typing.get_args(About):
        own = [change for change in changes if change.about == about]
        if own:
            yield about, own


def _labels(changes: Sequence[Change]) -> str:
    return f"{len(changes)} labels are" if len(changes) > 1 else "1 label is"


def _names(changes: Sequence[Change]) -> list[str]:
    return [change.what for change in changes]


def _few(words: Sequence[str], most: int = FEW) -> str:
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "")


def _pair(values: Sequence[str]) -> str:
    """Returns ``old → new``, or the one value where both are the same."""
    return " → ".join(dict.fromkeys(values))


def _value(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:g}" if round(value, 6) == float(f"{value:g}") else f"{value:.4f}"
    return " × ".join(map(str, value)) if isinstance(value, list) else str(value)


def _wrapped(line: str, hanging: int) -> list[str]:
    indent = " " * hanging
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True) or [""]
