"""What an export lets other processes do: judge with the Keras model, convert, prove. Each loads the model once.

TensorFlow is imported in functions: who hands out the tasks needs none of it.
"""

import functools
import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from edge_runtime.scores import Scores
from edge_runtime.stages.prepared import Split, SplitName, open_prepared
from edge_runtime.stages.run import open_run
from edge_runtime.stages.temperature import fit_temperature
from export.conversion.recipes import Recipe
from export.conversion.representative import representative
from export.crew import advance
from export.mixed import search
from export.proof.parity import Reference
from export.proof.study import StudyPoint
from export.request import Request
from export.trial import Trial, convert, prove, scores_of

if TYPE_CHECKING:
    from export.conversion.graph import DeployedGraph

SEEN = 1000  # validation pictures that choose layers: one of them is 0.1 points
LEAST_GAIN = 0.9  # of float32's size: a file that saves less than a tenth of it is not worth having


def judge(request: Request, split: Literal["validation", "test"], place: Path) -> bool:
    """Writes the Keras model's scores for a split to `place`, float32 ``[n, labels]``.

    Tells whether a temperature can be put into the model.

    Raises:
        RunError: The model is not a classifier for its spec.
    """
    graph = _graph(request)  # before the import: it brings TensorFlow quietly
    from export.conversion.tempering import divisible

    write(place, graph.scores(_split(request, split).pixels, advance))
    return divisible(graph.model)


def tempered(request: Request) -> Request:
    """Returns the request with the temperature that its model and the validation split give, if they give one.

    For who converts a single file; an export fits it to the scores that `judge` leaves.
    """
    graph = _graph(request)  # before the import: it brings TensorFlow quietly
    from export.conversion.tempering import divisible

    if not divisible(graph.model):
        return request
    validation = _split(request, "validation")
    temperature = fit_temperature(np.asarray(validation.labels), graph.scores(validation.pixels, advance))
    return replace(request, temperature=temperature) if temperature else request


def converted(request: Request, recipe: Recipe) -> Trial:
    """Returns a recipe's trial with the converted file, or with the reason why there is none."""
    options = request.options
    return convert(recipe, _graph(request), _calibration(request), options.name, options.version)


def proved(request: Request, trial: Trial, scores: Path, golden: tuple[int, ...]) -> Trial:
    """Returns a trial with its figures, measured on the whole test split.

    Args:
        request: What is exported.
        trial: From `converted`.
        scores: Where `judge` left the Keras model's.
        golden: Indices of the golden samples in the test split.
    """
    test = _split(request, "test")
    reference = Reference(read(scores), np.asarray(test.labels))
    return prove(trial, request.run.spec, test.pixels, reference, test.pixels[list(golden)], advance)


def mixed(request: Request, recipe: Recipe, scores: Path, wanted: float, float32: int) -> Trial:
    """Returns the trial of a file that keeps in float32 the layers that int8 would hurt.

    Args:
        request: What is exported.
        recipe: A mixed one.
        scores: Where `judge` left the Keras model's for the validation split.
        wanted: Agreement on it that will do.
        float32: Bytes of the file in float32.
    """
    graph = _graph(request)  # before the import: it brings TensorFlow quietly
    if recipe.format == "onnx":
        from export.conversion.mixed_onnx import calibrate
    else:
        from export.conversion.mixed_tflite import calibrate

    spec, options = request.run.spec, request.options
    validation = _split(request, "validation")
    chosen = seen(len(validation.labels))
    pixels, labels = validation.pixels[chosen], read(scores)[chosen].argmax(axis=1)
    calibrated = calibrate(graph, _calibration(request))

    def agreement(content: bytes) -> float:
        return float((scores_of(content, recipe, spec, pixels).argmax(axis=1) == labels).mean())

    found = search(calibrated.layers, calibrated.quantised, agreement, wanted, int(float32 * LEAST_GAIN), advance)
    if found.content is None:
        reason = (
            f"no choice of layers in float32 kept an agreement of {wanted:g} on validation pictures and saved a tenth"
        )
        return Trial(recipe, refusal=reason, sensitivities=found.sensitivities)
    content = recipe.with_metadata(found.content, spec, options.name, options.version)
    return Trial(recipe, content, minimum_runtime=recipe.minimum_runtime(content), sensitivities=found.sensitivities)


def studied(request: Request, recipe: Recipe, count: int, scores: Path) -> StudyPoint | None:
    """Returns what a recipe keeps of validation pictures when it is calibrated with `count` pictures.

    None where there are not so many.
    """
    prepared, options = request.prepared, request.options
    if count > prepared.record.counts["train"]:
        return None
    graph = _graph(request)
    content = recipe.convert(graph, representative(prepared, count, options.seed))
    validation = _split(request, "validation")
    chosen = seen(len(validation.labels))
    found = scores_of(content, recipe, request.run.spec, validation.pixels[chosen]).argmax(axis=1)
    return StudyPoint(
        count,
        float((found == validation.labels[chosen]).mean()),
        float((found == read(scores)[chosen].argmax(axis=1)).mean()),
    )


def seen(count: int) -> NDArray[np.int64]:
    """Returns which of `count` validation pictures are looked at: evenly from all, a split may be sorted by label."""
    return np.unique(np.linspace(0, count - 1, min(SEEN, count)).astype(np.int64))


def scores_at(place: Path, split: str) -> Path:
    """Returns where `judge` leaves the Keras model's scores for a split."""
    return place / f"{split}.npy"


def write(place: Path, scores: Scores) -> None:
    """Writes what `read` reads."""
    content = io.BytesIO()
    np.save(content, scores)
    # Not by np.save: of a full disk it says no more than "400 requested and 0 written".
    place.write_bytes(content.getbuffer())


def read(scores: Path) -> Scores:
    """Returns what `write` wrote."""
    found: Scores = np.load(scores, mmap_mode="r")
    return found


# Each once in a process: to open a split is to hash it, a second for each gigabyte.
@functools.cache
def _opened(directory: Path, digest: str, name: SplitName) -> Split:
    return open_prepared(directory).split(name)


def _split(request: Request, name: SplitName) -> Split:
    return _opened(request.prepared.directory, request.prepared.digest, name)


@functools.cache
def _shown(directory: Path, digest: str, count: int, seed: int) -> NDArray[np.uint8]:
    return representative(open_prepared(directory), count, seed)


def _calibration(request: Request) -> NDArray[np.uint8]:
    prepared, options = request.prepared, request.options
    return _shown(prepared.directory, prepared.digest, options.calibration, options.seed)


@functools.lru_cache(maxsize=1)  # without temperature nobody needs it once that was fitted
def _loaded(directory: Path, digest: str, temperature: float) -> "DeployedGraph":
    from export.conversion.graph import load_graph

    return load_graph(open_run(directory), temperature)


def _graph(request: Request) -> "DeployedGraph":
    return _loaded(request.run.directory, request.run.record.model, request.temperature)
