"""The deployed graph: the trained Keras model behind uint8 RGB pixels, with a batch of one.

Rescaling, grey conversion and softmax are layers of the Keras model already; the cast from uint8 is added here.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.spec import ModelSpec
from edge_runtime.errors import RunError
from edge_runtime.scores import Scores
from edge_runtime.stages.run import Run
from export.conversion.backend import tensorflow as tf
from export.conversion.loading import load_model

BATCH = 256
PROBES = 6  # pictures: black, white, noise
SUM_TOLERANCE = 0.01  # a thousand labels in bfloat16 sum to one within 0.004


class DeployedGraph:
    """A Keras model with the functions that converters take.

    Args:
        model: Takes pictures of the spec's size, or of any.
        spec: What goes in and what comes out.
        source: The file it was loaded from, for errors.

    Attributes:
        from_uint8: ``uint8 [1, h, w, 3]`` to ``{"scores": float32 [1, labels]}``.
        from_float: The same from float32 pixels 0 to 255, for converters that make the input an integer themselves.

    Raises:
        RunError: The model does not take one RGB picture, or does not give one score a label that sum to one.
    """

    def __init__(self, model: Any, spec: ModelSpec, source: Path | str = "model") -> None:
        height, width = spec.preprocessing.size
        taken = [tuple(tensor.shape) for tensor in model.inputs]
        if len(taken) != 1 or not _fits(taken[0], (None, height, width, 3)):
            raise RunError(
                f"{source}: one input [batch, {height}, {width}, 3] (RGB pixels of any number of pictures) expected, "
                f"{_told(taken)} found; 'python -m export import' puts grey conversion and another range around a "
                "model, and the dataset's --size must be the model's"
            )
        given = [tuple(tensor.shape) for tensor in model.outputs]
        if len(given) != 1 or given[0] != (None, len(spec.labels)):
            raise RunError(
                f"{source}: one output [batch, {len(spec.labels)}] (a score for each of {len(spec.labels)} labels) "
                f"expected, {_told(given)} found; give it the labels it was trained with, in their order"
            )
        _check_scores(model, (height, width), source)
        self.model = model
        self.spec = spec

        def judge(pixels: Any) -> dict[str, Any]:
            return {"scores": model(tf.cast(pixels, tf.float32), training=False)}

        shape = (1, height, width, 3)
        self.from_uint8 = tf.function(judge, input_signature=[tf.TensorSpec(shape, tf.uint8, name="pixels")])
        self.from_float = tf.function(judge, input_signature=[tf.TensorSpec(shape, tf.float32, name="pixels")])

    def scores(self, pixels: NDArray[np.uint8], progress: Callable[[float], None] = lambda done: None) -> Scores:
        """Returns the Keras model's scores, float32 ``[n, labels]``, for uint8 ``[n, h, w, 3]``: the reference.

        Args:
            pixels: May be a memory-mapped array; a batch of it is read at a time.
            progress: Told after each batch which fraction is done.
        """
        parts = []
        for start in range(0, len(pixels), BATCH):
            batch = pixels[start : start + BATCH]
            parts.append(np.asarray(self.model.predict_on_batch(batch.astype(np.float32)), np.float32))
            progress((start + len(batch)) / len(pixels))
        return np.concatenate(parts)


def load_graph(run: Run) -> DeployedGraph:
    """Loads a run's model.

    Raises:
        RunError: The file is not a Keras model, or not a classifier for the run's spec.
    """
    return DeployedGraph(load_model(run.model), run.spec, run.model)


def _fits(found: tuple[int | None, ...], wanted: tuple[int | None, ...]) -> bool:
    """Tells whether a model for `found` takes `wanted`; a size that the model leaves open is the spec's to set."""
    return (
        len(found) == len(wanted)
        and found[0] is None
        and all(own in (None, size) for own, size in zip(found[1:], wanted[1:], strict=True))
    )


def _told(shapes: Sequence[tuple[int | None, ...]]) -> str:
    texts = (f"[{', '.join('any' if size is None else str(size) for size in shape)}]" for shape in shapes)
    return " and ".join(texts) or "none"


def _check_scores(model: Any, size: tuple[int, int], source: Path | str) -> None:
    """Accepts a model that gives probabilities; logits would pass as scores, with a label and a sum of anything.

    Raises:
        RunError: Its scores for black, white or noise are no numbers, negative, or sum to something else than one.
    """
    noise = np.random.default_rng(0).integers(0, 256, (PROBES, *size, 3)).astype(np.float32)
    noise[0], noise[1] = 0, 255
    scores = np.asarray(model(noise, training=False), np.float64)
    if not np.isfinite(scores).all():
        raise RunError(f"{source}: gives scores that are not numbers for black, white or noise; train it again")
    sums = scores.sum(axis=1)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > SUM_TOLERANCE or scores.min() < -SUM_TOLERANCE:
        raise RunError(
            f"{source}: scores that sum to one expected, {sums[worst]:.4g} found (the least score is "
            f"{scores.min():.4g}); put keras.layers.Softmax() behind its last layer, or import it with --softmax"
        )
