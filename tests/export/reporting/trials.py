"""What reports are made of in these tests: a Keras model's scores, and variants that are some noise away from them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.manifest import SCHEMA_VERSION, LeftOut, Manifest, Provenance
from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from export.conversion.recipes import Recipe, select
from export.proof.gate import Gate, result_of
from export.proof.parity import Reference, compare
from export.proof.study import Study
from export.reporting.report import Report
from export.trial import Trial
from export.verdict import judged

SIDE = 12  # pixels
SOME = select("float32.tflite,float16.tflite,full_int8.tflite,int8.onnx")  # to draw all takes seconds


def reference(labels: int, samples: int) -> Reference:
    """A model that is right about four times in five and knows fairly well when."""
    generator = np.random.default_rng(labels)
    true = np.arange(samples) % labels
    logits = generator.normal(0, 1, (samples, labels))
    logits[np.arange(samples), true] += generator.normal(4, 1.5 + np.log10(labels), samples)
    return Reference(_softmax(logits), true)


def trials(found: Reference, recipes: tuple[Recipe, ...] = SOME, noise: float = 0.03) -> list[Trial]:
    """A trial a recipe; from one to the next scores are noisier, files smaller, times shorter. The first is exact."""
    generator = np.random.default_rng(0)
    made = []
    for number, recipe in enumerate(recipes):
        logits = np.log(found.scores + 1e-9) + generator.normal(0, noise * number, found.scores.shape)
        parity = compare(_softmax(logits), found, latency=1e-4 / (1 + number))
        content = bytes(1_000_000 // (1 + number))
        made.append(Trial(recipe, content, parity, "arithmetic 1", "any 1.0"))
    return made


def report(
    names: tuple[str, ...],
    samples: int,
    gate: Gate | None = None,
    study: Study | None = None,
    collapsed: bool = False,
    recipes: tuple[Recipe, ...] = SOME,
) -> Report:
    """A report on some recipes; a `collapsed` one has a last variant that knows nothing."""
    gate = gate or Gate()
    found = reference(len(names), samples)
    tried = trials(found, recipes)
    if collapsed:
        uniform = np.full_like(found.scores, 1 / len(names))
        tried[-1] = replace(tried[-1], parity=compare(uniform, found, latency=1e-4))
    verdicts = judged(tried, found, gate, names)
    left = [LeftOut(trial.recipe.name, trial.refusal) for trial in verdicts if trial.refusal]
    manifest = Manifest(
        schema_version=SCHEMA_VERSION,
        name="lamp",
        version="1.0",
        spec=ModelSpec(names, PreprocessingSpec((SIDE, SIDE))),
        variants=(),
        gate=result_of(gate, found, left),
        provenance=Provenance("ab" * 32, "lamps", "cd" * 32, {"keras": "3"}, None),
        files={},
    )
    return Report(verdicts, found, manifest, pixels(samples), 0.02, study)


def pixels(samples: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (samples, SIDE, SIDE, 3), dtype=np.uint8)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float32]:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    found: NDArray[np.float32] = (powers / powers.sum(1, keepdims=True)).astype(np.float32)
    return found
