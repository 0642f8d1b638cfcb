"""What changed from one bundle to the next: a function of two manifests, most important first.

It reads no file and judges nothing good or bad, but it knows what may break what is around a device: programs that read
its results, programs that feed it pixels, and settings that name a variant.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from edge_runtime.bundle import fields
from edge_runtime.bundle.manifest import Calibration, FileEntry, Manifest, Provenance, Variant
from edge_runtime.errors import FieldError
from edge_runtime.frozen import dataclass

# Threshold and temperature are what turns a model's logits into what a program acts on.
About = Literal["identity", "labels", "preprocessing", "scores", "variants", "gate", "provenance", "files", "parity"]

SAME_VERSION = "the same version"  # of different bundles: the only change whose old and new are equal


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was.

    Attributes:
        about: The part of the bundle.
        what: Within it: a label, a file, ``full_int8.tflite: top1``.
        old: What it was, as JSON holds it; None where it was not there. Of a label its place among the scores.
        new: What it is now; None where it is gone.
        breaks: Whether what is around a device may be wrong from now on: a program that reads results or feeds pixels,
            a setting that names a variant, an interpreter that is too old.
    """

    about: About
    what: str
    old: Any
    new: Any
    breaks: bool = False


def compare(old: Manifest, new: Manifest) -> tuple[Change, ...]:
    """Returns what changed, by part, in the order of `About`; nothing for equal manifests."""
    return (
        *_identity(old, new),
        *_labels(old.spec.labels, new.spec.labels),
        *_fields("preprocessing", old.spec.preprocessing, new.spec.preprocessing, breaks=True),
        *_values("scores", _acting(old), _acting(new)),
        *_variants(old, new),
        *_fields("gate", old.gate, new.gate, without=("left_out",)),
        *_provenance(old.provenance, new.provenance),
        *_values("files", _files(old), _files(new)),
    )


def compare_labels(old: bytes, new: bytes) -> tuple[Change, ...]:
    """Returns how much of each label variants judge rightly now, from two ``reports/parity.json``.

    Only variants and labels that both reports know count; `what` is ``full_int8.tflite: Shirt``, the values fractions.

    Raises:
        FieldError: A report is not of the form that this version knows.
    """
    before, after = _per_label(old), _per_label(new)
    both = {what: share for what, share in before.items() if what in after}
    return tuple(_values("parity", both, {what: after[what] for what in both}))


def _identity(old: Manifest, new: Manifest) -> Iterator[Change]:
    # Topics, entities and places of downloads carry the name; results carry name and version.
    yield from _values("identity", {"name": old.name}, {"name": new.name}, breaks=True)
    yield from _values("identity", {"version": old.version}, {"version": new.version})
    if old != new and (old.name, old.version) == (new.name, new.version):
        yield Change("identity", SAME_VERSION, old.version, new.version, True)


def _labels(old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    """Yields what moved, then what is gone, then what is new: a moved label is a wrong answer without an error."""
    before = {label: place for place, label in enumerate(old)}
    after = {label: place for place, label in enumerate(new)}
    changes = list(_values("labels", before, after, breaks=True))
    yield from sorted(changes, key=lambda change: (change.new is None) + 2 * (change.old is None))


def _acting(manifest: Manifest) -> dict[str, float]:
    return {"threshold": manifest.threshold, "temperature": manifest.temperature}


def _variants(old: Manifest, new: Manifest) -> Iterator[Change]:
    before, after = (_figures(manifest) for manifest in (old, new))
    reasons = {left.name: left.reason for left in old.gate.left_out}
    reasons_now = {left.name: left.reason for left in new.gate.left_out}
    for name in sorted(before | after):
        if name not in after:
            yield Change("variants", name, before[name], None, True)
        elif name not in before:
            yield Change("variants", name, None, after[name])
        else:
            for change in _values("variants", before[name], after[name]):
                breaks = change.what == "minimum_runtime" and not _as_old(change.old, change.new)
                yield dataclasses.replace(change, what=f"{name}: {change.what}", breaks=breaks)
    for change in _values("variants", reasons, reasons_now):
        yield dataclasses.replace(change, what=f"{change.what}: left out")


def _figures(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """Returns what the manifest says of each variant, with its file's size in bytes."""

    def of(variant: Variant) -> dict[str, Any]:
        said: dict[str, Any] = fields.plain(variant)
        del said["name"]
        return said | {"size": manifest.files[variant.path].size if variant.path in manifest.files else None}

    return {variant.name: of(variant) for variant in manifest.variants}


def _as_old(old: str, new: str) -> bool:
    """Tells whether the interpreter that `old` demands is enough for `new`, as in ``onnxruntime 1.14``."""
    (name, _, version), (name_now, _, version_now) = old.partition(" "), new.partition(" ")
    numbers, numbers_now = ([int(part) for part in re.findall(r"\d+", one)] for one in (version, version_now))
    return name == name_now and numbers_now <= numbers


def _provenance(old: Provenance, new: Provenance) -> Iterator[Change]:
    yield from _fields("provenance", old, new, without=("versions", "calibration"))
    yield from _values("provenance", old.versions, new.versions)
    yield from _values("provenance", _calibration(old.calibration), _calibration(new.calibration))


def _calibration(calibration: Calibration | None) -> dict[str, Any]:
    """Returns how many pictures calibrated and which seed chose them; which ones they were as a list of indices."""
    if calibration is None:
        return {}
    return {
        "calibration: pictures": len(calibration.indices),
        "calibration: seed": calibration.seed,
        "calibration: indices": list(calibration.indices),
    }


def _files(manifest: Manifest) -> dict[str, Any]:
    return {path: fields.plain(entry) for path, entry in _sorted(manifest.files)}


def _sorted(files: Mapping[str, FileEntry]) -> list[tuple[str, FileEntry]]:
    return sorted(files.items())


def _fields(
    about: About, old: object, new: object, breaks: bool = False, without: tuple[str, ...] = ()
) -> list[Change]:
    """Compares two dataclasses field by field, so that a field of a later version is not forgotten here."""
    before, after = ({k: v for k, v in fields.plain(one).items() if k not in without} for one in (old, new))
    return list(_values(about, before, after, breaks))


def _values(about: About, old: Mapping[str, Any], new: Mapping[str, Any], breaks: bool = False) -> Iterator[Change]:
    for what in {**old, **new}:
        if old.get(what) != new.get(what):
            yield Change(about, what, old.get(what), new.get(what), breaks)


def _per_label(content: bytes) -> dict[str, float]:
    where = "reports/parity.json"
    raw: Any = fields.decode(content, where)
    try:
        return {
            f"{variant}: {label}": float(share)
            for variant, figures in raw["variants"].items()
            if "per_label" in figures
            for label, share in zip(raw["labels"], figures["per_label"], strict=True)
            if share is not None  # a label without test pictures
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FieldError(f"{where}: not of the form that this edge-runtime knows") from error
