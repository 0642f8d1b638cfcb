"""One recipe's trial: convert, load with the device's interpreter, measure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.manifest import Variant
from edge_runtime.bundle.spec import ModelSpec
from edge_runtime.classifier import BundleClassifier, Identity
from edge_runtime.runtimes import find
from edge_runtime.scores import Scores
from export.conversion.recipes import Recipe
from export.full_disk import is_full
from export.mixed import Sensitivity
from export.proof.parity import Parity, Reference, measure

if TYPE_CHECKING:  # TensorFlow: not where an export is led
    from export.conversion.graph import DeployedGraph

REASON_ROOM = 300  # characters of a converter's message; some are pages long


@dataclass(frozen=True)
class Trial:
    """What came of a recipe.

    Attributes:
        recipe: Which.
        content: The converted file; empty where conversion failed.
        parity: What was measured; None where it could not be.
        runtime: The interpreter that measured.
        minimum_runtime: The oldest interpreter that can run it.
        golden: float32 ``[golden samples, labels]``, the scores for the golden samples.
        refusal: Why it may not be shipped; None when it may.
        told: The gate's reason with the times that `refusal`, which the bundle holds, must not say.
        sensitivities: Of a mixed variant: what each layer costs in int8, and which stayed in float32.
    """

    recipe: Recipe
    content: bytes = b""
    parity: Parity | None = None
    runtime: str = ""
    minimum_runtime: str = ""
    golden: Scores | None = None
    refusal: str | None = None
    told: str | None = None
    sensitivities: tuple[Sensitivity, ...] = ()

    def variant(self) -> Variant:
        """Returns its entry for the manifest; only for a trial that passed."""
        assert self.parity is not None
        recipe = self.recipe
        return Variant(
            name=recipe.name,
            path=f"variants/{recipe.name}",
            format=recipe.format,
            minimum_runtime=self.minimum_runtime,
            top1=self.parity.top1,
            agreement=self.parity.agreement,
            tolerance=recipe.tolerance,
        )


def convert(recipe: Recipe, graph: "DeployedGraph", calibration: NDArray[np.uint8], name: str, version: str) -> Trial:
    """Returns a trial with the converted file, or with the reason why there is none.

    Args:
        recipe: Converts it.
        graph: What is converted.
        calibration: See `Recipe.convert`.
        name: The bundle's, which the file is to carry.
        version: The bundle's.
    """
    try:
        content = recipe.with_metadata(recipe.convert(graph, calibration), graph.spec, name, version)
        return Trial(recipe, content, minimum_runtime=recipe.minimum_runtime(content))
    except Exception as error:  # converters raise what they like; one that fails must not lose the others
        if is_full(error):
            raise
        return Trial(recipe, refusal=f"conversion failed: {_short(error)}")


def prove(
    trial: Trial,
    spec: ModelSpec,
    pixels: NDArray[np.uint8],
    reference: Reference,
    golden: NDArray[np.uint8],
    progress: Callable[[float], None] = lambda done: None,
) -> Trial:
    """Returns the trial with its figures, measured by the edge runtime on one thread; the gate is asked later.

    Args:
        trial: From `convert`; one that failed comes back as it is.
        spec: The model's.
        pixels: uint8 ``[n, h, w, 3]``, the test split.
        reference: The Keras model's scores for it.
        golden: uint8 ``[k, h, w, 3]``, the golden samples.
        progress: Told which fraction is done.
    """
    if trial.refusal:
        return trial
    try:
        classifier = _classifier(trial.content, trial.recipe, spec)
        parity = measure(classifier, pixels, reference, progress)
        scores = np.stack([classifier.classify(picture).scores for picture in golden])
    except Exception as error:  # noqa: BLE001  likewise: the interpreter's own errors share no base class
        return replace(trial, refusal=f"the edge runtime cannot run it: {_short(error)}")
    return replace(trial, parity=parity, runtime=classifier.identity.runtime, golden=scores)


def scores_of(content: bytes, recipe: Recipe, spec: ModelSpec, pixels: NDArray[np.uint8]) -> Scores:
    """Returns a file's scores, float32 ``[n, labels]``, for uint8 ``[n, h, w, 3]`` pictures."""
    classifier = _classifier(content, recipe, spec)
    return np.stack([classifier.classify(picture).scores for picture in pixels])


def _classifier(content: bytes, recipe: Recipe, spec: ModelSpec) -> BundleClassifier:
    runtime = find(recipe.format).load(Path(recipe.name), 1, content)
    return BundleClassifier(runtime, spec, Identity("", "", "", recipe.name, runtime.name))


def _short(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= REASON_ROOM else text[:REASON_ROOM] + "…"
