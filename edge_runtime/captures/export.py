"""From captures to a dataset: a folder a label, as ``python -m train prepare --dataset folder:FOLDER`` takes it."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_runtime.captures.capture import Capture, NoSuchCapture, checked_label
from edge_runtime.captures.picture import cut_out
from edge_runtime.captures.ring import Ring
from edge_runtime.disk import no_way_to
from edge_runtime.errors import SinkError, UsageError
from edge_runtime.files import directory_replaced
from edge_runtime.preprocess import Region
from edge_runtime.result import UNKNOWN
from edge_runtime.sources.files import folder_name


@dataclass(frozen=True)
class Exported:
    """What an export has written.

    Attributes:
        pictures: By label, how many.
        predicted: How many of them bear the label that was predicted, as nobody has given one.
        left: Captures that have no label to go by.
    """

    pictures: dict[str, int] = field(default_factory=dict)
    predicted: int = 0
    left: int = 0


def export(ring: Ring, folder: Path, as_predicted: bool = False) -> Exported:
    """Writes the labelled captures to a new folder, whole or not at all, and notes in the ring that they may go now.

    A file is called as its capture, so that folders of several devices and times can be merged. Where the model is
    shown a region, that is cut out: training must see what the device sees.

    Args:
        ring: Where from.
        folder: Where to; must not be there, or be empty. The directory that it is to lie in must be there.
        as_predicted: Takes predictions for labels where nobody has given one. A model learns its own faults that way.

    Raises:
        UsageError: Something is there already, there is nothing to export, or two labels would be one folder.
        SinkError: A picture cannot be read, or the folder not be written; it is as it was.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder}: is there already; an export overwrites nothing, name another folder")
    if reason := no_way_to(folder):
        raise SinkError(f"{folder}: cannot be written: {reason}")
    captures = ring.list()
    labelled = [(capture, label) for capture in captures if (label := _label(capture, as_predicted))]
    if not labelled:
        raise UsageError(f"{ring.directory}: none of {len(captures):,} captures is labelled: nothing to export")
    folders = folders_of([label for _, label in labelled])
    done: Sequence[tuple[Capture, str]] = []
    try:
        with directory_replaced(folder) as fresh:
            done = [(capture, label) for capture, label in labelled if _write(ring, capture, fresh / folders[label])]
    except OSError as error:
        raise SinkError(f"{folder}: cannot be written: {error.strerror or error}") from error
    ring.note_exported([capture for capture, _ in done])
    return Exported(
        pictures=dict(Counter(label for _, label in done)),
        predicted=sum(capture.given is None for capture, _ in done),
        left=len(captures) - len(labelled),
    )


def _label(capture: Capture, as_predicted: bool) -> str | None:
    if capture.given is not None:
        return capture.given
    return capture.label if as_predicted and capture.label != UNKNOWN else None


def folders_of(labels: Sequence[str]) -> dict[str, str]:
    """Returns each label's folder. Raises UsageError for two labels that would share one."""
    folders: dict[str, str] = {}
    taken: dict[str, str] = {}
    for label in dict.fromkeys(labels):
        folders[label] = unicodedata.normalize("NFC", folder_name(checked_label(label)))
        other = taken.setdefault(folders[label], label)
        if other != label:
            raise UsageError(f"labels '{other}' and '{label}' would share the folder '{folders[label]}'")
    return folders


def _write(ring: Ring, capture: Capture, folder: Path) -> bool:
    """Writes a capture's picture; returns False where it has had to go in the meantime."""
    try:
        content, name = ring.picture(capture.id), capture.picture
    except NoSuchCapture:
        return False
    if part := capture.facts.part:
        region = Region(part.left, part.top, part.right, part.bottom)
        content, suffix = cut_out(content, region, capture.picture)
        name = capture.id + suffix
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return True
