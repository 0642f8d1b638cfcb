"""`manifest.json` as a value: parsed strictly, written canonically, identified by its sha256."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal

from edge_runtime.bundle import fields
from edge_runtime.bundle.spec import ModelSpec
from edge_runtime.errors import FieldError, ManifestError
from edge_runtime.frozen import dataclass

SCHEMA_VERSION = 1
FILE_NAME = "manifest.json"
SIGNATURE = "model.sig"  # where OpenSSF's tool puts it; the one other file that no manifest lists
LABELS = "labels.txt"
SHORT_DIGEST = 12  # hexadecimal digits that people read: 48 bits, no chance collision below millions of bundles

Format = Literal["tflite", "onnx"]


@dataclass(frozen=True)
class Variant:
    """One converted file.

    Attributes:
        name: What `--variant` takes: the file's name, such as ``full_int8.tflite``.
        path: Where it is in the bundle.
        format: Which family of interpreters reads it.
        minimum_runtime: The oldest interpreter that knows all its operators, as ``onnxruntime 1.14``.
        top1: Fraction of the test split it labels rightly, measured through the edge runtime.
        agreement: Fraction of the test split on which it gives the Keras model's label.
        tolerance: How far a score of a golden sample may be from the one recorded at export.
    """

    name: str
    path: str
    format: Format
    minimum_runtime: str
    top1: float
    agreement: float
    tolerance: float


@dataclass(frozen=True)
class LeftOut:
    """A variant that was asked for and is not in the bundle, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class GateResult:
    """What the gate demanded and found.

    Attributes:
        max_degradation: Points (hundredths) of top-1 that a variant may lose against the Keras model.
        samples: How many pictures of the test split were judged.
        reference_top1: The Keras model's top-1 on them.
        left_out: Variants that did not pass or could not be made.
        max_label_degradation: Points of one label's accuracy that a variant may lose; None demands nothing, as below.
        min_agreement: Fraction of the pictures that must get the Keras model's label.
        max_size: Bytes that a variant may take.
        max_latency: Times the latency of float32 of the same format, on the machine that exported.
    """

    max_degradation: float
    samples: int
    reference_top1: float
    left_out: tuple[LeftOut, ...]
    max_label_degradation: float | None = None
    min_agreement: float | None = None
    max_size: int | None = None
    max_latency: float | None = None


@dataclass(frozen=True)
class Calibration:
    """The representative dataset of the int8 variants: which pictures of which split."""

    split: Literal["train"]
    seed: int
    indices: tuple[int, ...]


@dataclass(frozen=True)
class Provenance:
    """What the bundle was made from.

    Attributes:
        model: sha256 of the run's ``model.keras``.
        dataset: The dataset's name.
        dataset_digest: sha256 over the prepared splits.
        versions: Version of each library that took part.
        calibration: The representative dataset, where a variant needed one.
    """

    model: str
    dataset: str
    dataset_digest: str
    versions: dict[str, str]
    calibration: Calibration | None


@dataclass(frozen=True)
class FileEntry:
    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """Everything a device must know of a bundle before it reads another byte of it.

    Attributes:
        threshold: The score below which a prediction is ``unknown``, chosen on the validation split; 0 makes none so.
        temperature: What the logits are divided by inside of every variant, fitted on the validation split; 1 where
            that was too small for it.
    """

    schema_version: int
    name: str
    version: str
    spec: ModelSpec
    variants: tuple[Variant, ...]
    gate: GateResult
    provenance: Provenance
    files: dict[str, FileEntry]
    threshold: float = 0.0
    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_word("name", self.name)
        if not 0 <= self.threshold <= 1:
            raise FieldError(f"threshold: a score from 0 to 1 expected, {self.threshold} found")
        if not 0 < self.temperature < float("inf"):
            raise FieldError(f"temperature: a number above 0 expected, {self.temperature} found")
        check_word("version", self.version)
        for path in self.files:
            check_path(path)
        names = [variant.name for variant in self.variants]
        for name in names:
            if names.count(name) > 1:
                raise FieldError(f"variants: '{name}' is there twice")

    def check_complete(self) -> None:
        """Accepts a manifest that its files agree with, as every manifest on disk must be.

        Raises:
            FieldError: A variant's file is not there, or the labels are not those of ``labels.txt``.
        """
        for variant in self.variants:
            if variant.path not in self.files:
                raise FieldError(f"variants: {variant.name}: '{variant.path}' is not among the files")
        listed = self.files.get(LABELS)
        if listed and listed.sha256 != digest("".join(f"{label}\n" for label in self.spec.labels).encode()):
            raise FieldError(f"labels: {LABELS} says other ones; export the bundle again")

    def to_bytes(self) -> bytes:
        """Returns the canonical text: equal manifests give equal bytes, whatever the order they were made in."""
        return fields.canonical(self)


def from_bytes(content: bytes, where: str = FILE_NAME) -> Manifest:
    """Returns the manifest in `content`.

    Raises:
        ManifestError: It is of another schema version, or says too much, too little or nonsense.
    """
    try:
        raw = fields.decode(content, where)
        _check_version(raw, where)
        manifest = fields.parse(Manifest, raw, where)
        manifest.check_complete()
        return manifest
    except FieldError as error:
        text = str(error)
        raise ManifestError(text if text.startswith(where) else f"{where}: {text}") from error


def digest(content: bytes) -> str:
    """Returns the sha256 of `content` in hexadecimal: of a manifest's bytes, the bundle's identity."""
    return hashlib.sha256(content).hexdigest()


def check_word(what: str, value: str) -> None:
    """Accepts what may be a bundle's name or version: it becomes part of file names, topics and addresses.

    Raises:
        FieldError: `value` holds something else.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", value):
        raise FieldError(f"{what}: letters, digits and . _ + - expected, {value!r} found")


def check_path(path: str) -> None:
    """Accepts relative POSIX paths that stay inside the bundle.

    Raises:
        FieldError: `path` is absolute, leaves the bundle, is not in normal form or holds odd characters.
    """
    normal = str(PurePosixPath(path))
    parts = PurePosixPath(path).parts
    odd = "\\" in path or ":" in path or not path.isprintable()
    if odd or path != normal or not parts or path.startswith("/") or ".." in parts or path in (FILE_NAME, SIGNATURE):
        raise FieldError(f"files: '{path}' is not a relative path inside the bundle")


def _check_version(raw: object, where: str) -> None:
    found = raw.get("schema_version") if isinstance(raw, Mapping) else None
    if type(found) is not int:
        raise FieldError(f"{where}: 'schema_version' is missing or not a whole number; is this a bundle's manifest?")
    if found != SCHEMA_VERSION:
        what = "update edge-runtime on this device" if found > SCHEMA_VERSION else "export the run again"
        raise FieldError(
            f"{where}: schema version {found} found, this edge-runtime reads version {SCHEMA_VERSION}; {what}"
        )
