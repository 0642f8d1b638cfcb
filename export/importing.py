"""``python -m export import``: a model from elsewhere becomes a run directory, which every other command takes."""

import argparse
import importlib.metadata
import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from edge_runtime.commands.parsing import Parser
from edge_runtime.console import did_you_mean, program, say
from edge_runtime.errors import RunError, UsageError
from edge_runtime.files import directory_replaced
from edge_runtime.stages import run as stage
from edge_runtime.stages.prepared import Prepared, open_prepared
from edge_runtime.stages.run import Run, RunRecord, open_run
from export import sanity
from export.request import default_name

DESCRIPTION = """Makes a run directory of a model that this kit did not train, so that it can be exported as any other.

The dataset says what the pictures become (size, resize) and which labels there are; it calibrates the int8 variants
and proves every file. Some of its validation pictures are judged at once, and what looks like another --input-range or
another order of the labels is said. Prepare it first, with the size that the model takes:
  python -m train prepare --dataset folder:parts --size 224 --resize center_crop --out data/parts"""

EPILOG = """examples:
  python -m export import mobilenet.keras --data data/parts --run runs/mobilenet --input-range -1 1
  python -m export import saved_model/ --data data/parts --run runs/other --labels labels.txt --softmax
  python -m export runs/mobilenet --out bundles/mobilenet"""


CONVERTED = {".tflite": "TFLite", ".onnx": "ONNX"}


@dataclass(frozen=True)
class Wanted:
    """What was typed.

    Attributes:
        model: A ``.keras`` or ``.h5`` file, or the directory of a SavedModel.
        data: The prepared dataset's directory.
        run: The run directory to write.
        labels: The model's labels in its own order, one a line; None: the dataset's, in its order.
        low: What the model takes for a pixel of 0.
        high: What it takes for 255.
        softmax: Whether it gives logits.
    """

    model: Path
    data: Path
    run: Path
    labels: Path | None
    low: float
    high: float
    softmax: bool


def command(words: Sequence[str]) -> int:
    """Runs ``import`` with what was typed behind it."""
    parser = Parser(
        "python -m export import",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    configure(parser)
    return run(parser.parse_args(words))


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument(
        "model", type=Path, metavar="MODEL", help="a .keras or .h5 file, or the directory of a SavedModel"
    )
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the prepared dataset")
    parser.add_argument("--run", type=Path, required=True, metavar="RUN", help="the run directory to write")
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="the model's labels in the order of its scores, one a line (default: the dataset's, in its order)",
    )
    parser.add_argument(
        "--input-range",
        nargs=2,
        type=float,
        default=(0.0, 255.0),
        metavar=("LOW", "HIGH"),
        help="what the model takes for a pixel of 0 and for one of 255, as 0 1 or -1 1 (default: 0 255)",
    )
    parser.add_argument("--softmax", action="store_true", help="it gives logits: make scores of them")


def run(arguments: argparse.Namespace) -> int:
    """Imports as `arguments` say."""
    low, high = arguments.input_range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise UsageError(f"--input-range: LOW below HIGH expected, {low:g} {high:g} found; as in --input-range -1 1")
    wanted = Wanted(arguments.model, arguments.data, arguments.run, arguments.labels, low, high, arguments.softmax)
    imported = import_model(wanted)
    say(f"{imported.directory}: {imported.model.name} of {wanted.model}")
    words = ["-m", "export", str(imported.directory), "--out", f"bundles/{default_name(imported)}"]
    say(f"next: {program()} {shlex.join(words)}")
    return 0


def import_model(wanted: Wanted) -> Run:
    """Writes the run directory, whole or not at all, and says how well the model does and what looks wrong.

    Raises:
        UsageError: The labels are not the dataset's.
        DatasetError: There is no prepared dataset.
        RunError: The model cannot be loaded or does not fit, or the run directory holds something else than an
            earlier import, or cannot be written.
    """
    if not wanted.model.exists():
        raise RunError(f"{wanted.model}: no such model")
    if (converted := CONVERTED.get(wanted.model.suffix)) and wanted.model.is_file():
        raise RunError(
            f"{wanted.model}: a .keras or .h5 file or the directory of a SavedModel expected, {converted} found, which "
            "is converted already and cannot be imported; give the model that it was made of"
        )
    prepared = open_prepared(wanted.data)
    order = _order(wanted.labels, prepared) if wanted.labels else None
    if wanted.run.exists() and not stage.is_imported(wanted.run):
        what = "holds a run that was trained" if (wanted.run / stage.RECORD).is_file() else "is something else"
        raise RunError(
            f"{wanted.run}: exists and {what}; only an earlier import is replaced, so choose another place or remove it"
        )

    # TensorFlow: only when all that was typed makes sense.
    from export.conversion.foreign import Fit, write_adapted
    from export.conversion.graph import DeployedGraph
    from export.conversion.loading import load_model

    spec = prepared.record.spec
    fit = Fit(spec.preprocessing.size, wanted.low, wanted.high, wanted.softmax, order)
    name = stage.SAVED_MODEL if wanted.model.is_dir() else stage.MODEL
    try:
        with directory_replaced(wanted.run) as fresh:
            write_adapted(wanted.model, fresh / name, fit, len(spec.labels))
            graph = DeployedGraph(load_model(fresh / name), spec, wanted.model)
            for line in sanity.examined(graph.scores, prepared, (wanted.low, wanted.high), order):
                say(line)
            stage.write_spec(fresh, spec)
            record = RunRecord(
                schema_version=stage.SCHEMA_VERSION,
                created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                data=str(wanted.data.resolve()),
                dataset=prepared.record.name,
                dataset_digest=prepared.digest,
                model=stage.model_digest(fresh / name),
                versions={"keras": importlib.metadata.version("keras")},
                device=stage.ELSEWHERE,
            )
            stage.write_record(fresh, record)
    except OSError as error:
        raise RunError(f"{wanted.run}: cannot be written: {error.strerror or error}") from error
    return open_run(wanted.run)


def _order(path: Path, prepared: Prepared) -> tuple[int, ...] | None:
    """Returns the model's index of each of the dataset's labels; None where they are in the same order."""
    try:
        own = [line.strip() for line in path.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--labels {path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    wanted = prepared.record.spec.labels
    for label in wanted:
        if label not in own:
            raise UsageError(f"--labels {path}: the dataset's label '{label}' is not in it{did_you_mean(label, own)}")
    for label in own:
        if own.count(label) > 1:
            raise UsageError(f"--labels {path}: '{label}' is in it twice")
        if label not in wanted:
            raise UsageError(
                f"--labels {path}: the dataset {prepared.directory} has no pictures of '{label}'; a model cannot be "
                f"proved on labels without pictures{did_you_mean(label, wanted)}"
            )
    order = tuple(own.index(label) for label in wanted)
    return None if order == tuple(range(len(order))) else order
