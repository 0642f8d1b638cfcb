"""One kept frame, as a value, and as the JSON file beside its picture. Standard library alone."""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from edge_runtime.bundle import fields
from edge_runtime.errors import FieldError, UsageError

SCHEMA = 1
JSON = ".json"
NAME = re.compile(r"([0-9]{8,12}-[0-9a-f]{12})(\.[a-z]{3,4})")  # of a file in the ring: its capture's id, its suffix
ID = re.compile(r"[0-9]{8,12}-[0-9a-f]{12}")
MEDIA_TYPES = {
    ".bmp": "image/bmp",
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".pgm": "image/x-portable-graymap",
    ".png": "image/png",
    ".ppm": "image/x-portable-pixmap",
    ".tif": "image/tiff",
    ".webp": "image/webp",
}
LONGEST = 200  # bytes of a label: it becomes a folder's name, and file systems end at 255

Reason = Literal["uncertain", "disagreeing", "random"]


class NoSuchCapture(UsageError):
    """There is no capture of this id, or not any more."""


@dataclass(frozen=True)
class Model:
    """Which model judged the frame: `classifier.Identity`, in a module that needs no numpy."""

    bundle: str
    version: str
    digest: str
    variant: str
    runtime: str


@dataclass(frozen=True)
class Part:
    """The region that the model was shown, in shares of the upright picture: `preprocess.Region`, without numpy."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Facts:
    """What is known of a frame when it is kept.

    Attributes:
        source: The source's address, without credentials.
        path: The file that it was, where it was one.
        frame: Its number within the source.
        captured_at: When it was captured, seconds since 1970 UTC.
        label: What was predicted; may be ``unknown``.
        score: The best label's.
        best: Labels with their scores, best first.
        model: Which one said so.
        reason: Why it is kept.
        detail: The reason in words.
        part: What of the picture the model was shown; None for all of it.
    """

    source: str
    path: str | None
    frame: int
    captured_at: float
    label: str
    score: float
    best: tuple[tuple[str, float], ...]
    model: Model
    reason: Reason
    detail: str
    part: Part | None


@dataclass(frozen=True)
class Capture:
    """A kept frame.

    Attributes:
        id: Its name in the ring: a number that grows, and the beginning of its picture's sha256.
        picture: Name of the picture's file.
        size: Of that file, in bytes.
        facts: What was known when it was kept.
        given: The label that a person gave; None before.
        exported: Whether it was exported with that label.
    """

    id: str
    picture: str
    size: int
    facts: Facts
    given: str | None = None
    exported: bool = False

    @property
    def source(self) -> str:
        return self.facts.source

    @property
    def captured_at(self) -> float:
        return self.facts.captured_at

    @property
    def label(self) -> str:
        """What was predicted."""
        return self.facts.label

    @property
    def score(self) -> float:
        return self.facts.score

    @property
    def reason(self) -> Reason:
        return self.facts.reason

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[PurePath(self.picture).suffix]

    @property
    def number(self) -> int:
        """Counts the captures of a ring, in the order in which they were kept."""
        return number_of(self.id)

    @property
    def is_wanted(self) -> bool:
        """Whether a person's work would be lost with it: it is labelled and not exported."""
        return self.given is not None and not self.exported

    def to_bytes(self) -> bytes:
        """Returns the content of its JSON file."""
        return fields.canonical({"schema_version": SCHEMA, **fields.plain(self)})


def from_bytes(content: bytes, where: str) -> Capture:
    """Returns the capture that a JSON file tells of.

    Raises:
        FieldError: It is not such a file, or of another version.
    """
    raw = fields.decode(content, where)
    version = raw.pop("schema_version", None) if isinstance(raw, dict) else None
    if version != SCHEMA:
        raise FieldError(f"{where}: schema version {SCHEMA} expected, {version} found")
    capture = fields.parse(Capture, raw, where)
    name = NAME.fullmatch(capture.picture)
    if not name or name[1] != capture.id or name[2] not in MEDIA_TYPES:
        raise FieldError(f"{where}: picture: a file of capture '{capture.id}' expected, '{capture.picture}' found")
    return capture


def number_of(id: str) -> int:
    return int(id.partition("-")[0])


def checked_id(id: str) -> str:
    """Returns `id` where it may be one, and so is safe as a file's name. Raises NoSuchCapture."""
    if not ID.fullmatch(id):
        raise NoSuchCapture(f"'{id}': not a capture's id; one such as 00000012-0123456789ab expected")
    return id


def checked_label(label: str) -> str:
    """Returns `label` where a dataset can have it as a folder.

    Raises:
        UsageError: It is empty, not printable, too long, or hidden.
    """
    if not label.strip() or label != label.strip() or not label.isprintable():
        raise UsageError(f"label {label!r}: printable characters without a blank at either end expected")
    if label.startswith("."):
        raise UsageError(f"label '{label}': its folder would be hidden, and training passes hidden folders over")
    if len(label.encode(errors="replace")) > LONGEST:
        raise UsageError(f"label '{label[:20]}…': at most {LONGEST} bytes expected")
    return label
