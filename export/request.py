"""What is to be exported, with which choices, and whether that was done already. Light: no TensorFlow here."""

import importlib.metadata
import platform
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path

from edge_runtime import __version__
from edge_runtime.bundle.manifest import Provenance, check_word
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.errors import BundleError, DatasetError, RunError
from edge_runtime.sinks.slug import digest
from edge_runtime.stages.prepared import FILE_NAME, Prepared, open_prepared
from edge_runtime.stages.run import Run, open_run
from export.conversion.recipes import Recipe
from export.conversion.representative import choose
from export.proof.gate import Gate, demands_of

LIBRARIES = ("ai-edge-litert", "ai-edge-quantizer", "keras", "numpy", "onnx", "onnxruntime", "tf2onnx")
TENSORFLOW = ("tensorflow-cpu", "tensorflow")  # one of them is installed


@dataclass(frozen=True)
class Options:
    """What the user may choose about an export.

    Attributes:
        name: The bundle's name.
        version: Its version.
        recipes: Which variants to make.
        gate: What a variant must keep.
        calibration: How many training pictures calibrate int8.
        seed: Chooses them.
    """

    name: str
    version: str
    recipes: tuple[Recipe, ...]
    gate: Gate
    calibration: int
    seed: int

    def __post_init__(self) -> None:
        check_word("name", self.name)
        check_word("version", self.version)


@dataclass(frozen=True)
class Request:
    """A finished run with the data it was trained on, and what to make of it.

    Attributes:
        run: The run.
        prepared: The data.
        options: What the user chose.
        temperature: What the model's logits are divided by in every file; 1 until it was fitted.
    """

    run: Run
    prepared: Prepared
    options: Options
    temperature: float = 1.0

    @property
    def provenance(self) -> Provenance:
        """Where the bundle will say it comes from, before calibration."""
        record = self.run.record
        versions = _versions() | {"trained with keras": record.versions.get("keras", "unknown")}
        return Provenance(record.model, record.dataset, self.prepared.digest, versions, None)


def open_request(run: Path, data: Path | None, options: Options) -> Request:
    """Opens what is to be exported.

    Args:
        run: The run's directory.
        data: The prepared dataset; by default where the run says.
        options: What the user chose.

    Raises:
        RunError: The run is unfinished, or was trained on other data.
        DatasetError: There is no prepared dataset.
    """
    opened = open_run(run)
    if data is None and not (Path(opened.record.data) / FILE_NAME).is_file():
        raise DatasetError(
            f"{run}: its dataset {opened.record.dataset} is not at {opened.record.data} (any more); say where it is "
            "with --data DIR"
        )
    prepared = open_prepared(data or Path(opened.record.data))
    if prepared.digest != opened.record.dataset_digest:
        raise RunError(
            f"{run}: trained on {opened.record.dataset} {opened.record.dataset_digest[:12]}, "
            f"{prepared.directory} holds {prepared.record.name} {prepared.digest[:12]}; give the right one with --data"
        )
    return Request(opened, prepared, options)


def default_name(run: Run) -> str:
    """Returns a name for a bundle of this run: its directory's, as far as the name of a bundle may hold it.

    A name with other letters, as those of Korean, ends in a digest of it: two runs are not the same on a device.
    """
    name = unicodedata.normalize("NFC", run.directory.resolve().name)  # as it is typed, whatever the disk keeps
    plain = re.sub(r"[^A-Za-z0-9.+-]+", "-", name).strip("-.+")
    return plain if plain and name.isascii() else f"{plain or 'classifier'}-{digest(name)}"


def default_version(run: Run) -> str:
    """Returns a version for a bundle of this run: when its training ended, so that later is higher."""
    date, _, time = run.record.created.rstrip("Z").partition("T")
    return ".".join([*(str(int(part)) for part in date.split("-")), time.replace(":", "")])


def existing(target: Path, request: Request) -> Bundle | None:
    """Returns the bundle at `target` if it is intact, complete and just what `request` would make, else None."""
    try:
        bundle = open_bundle(target)
    except BundleError:
        return None
    manifest, options = bundle.manifest, request.options
    found = manifest.provenance
    made = {variant.name for variant in manifest.variants}  # one that was left out deserves another try
    same = (
        (manifest.name, manifest.version) == (options.name, options.version)
        and made == {recipe.name for recipe in options.recipes}
        and not manifest.gate.left_out
        and demands_of(manifest.gate) == options.gate
        and replace(found, calibration=None) == request.provenance
    )
    if same and found.calibration:
        labels = request.prepared.split("train").labels
        same = found.calibration.indices == choose(labels, options.calibration, options.seed)
    return bundle if same else None


def _versions() -> dict[str, str]:
    found = {"edge-runtime": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        found[name] = importlib.metadata.version(name)
    for name in TENSORFLOW:
        try:
            found["tensorflow"] = importlib.metadata.version(name)
            break
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
