"""The deployed graph: the trained Keras model behind uint8 RGB pixels, with a batch of one.

Rescaling, grey conversion and softmax are layers of the Keras model already; the cast from uint8 is added here.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.spec import ModelSpec
from edge_runtime.scores import Scores
from edge_runtime.stages import rule
from edge_runtime.stages.run import Run
from export.conversion.backend import tensorflow as tf
from export.conversion.loading import load_model
from export.conversion.tempering import divide_logits

BATCH = 256
OTHER_SHAPES = (
    (
        "'python -m export import' puts grey conversion and another range around a model, and the dataset's --size "
        "must be the model's"
    ),
    "give it the labels it was trained with, in their order",
)
OTHER_SCORES = (
    "train it again",
    "put keras.layers.Softmax() behind its last layer, or import it with --softmax",
)


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
        size = spec.preprocessing.size
        taken = [tuple(tensor.shape) for tensor in model.inputs]
        given = [tuple(tensor.shape) for tensor in model.outputs]
        rule.check_shapes(taken, given, size, len(spec.labels), source, OTHER_SHAPES)
        rule.check_scores(lambda pixels: model(pixels, training=False), size, source, OTHER_SCORES)
        self.model = model
        self.spec = spec

        def judge(pixels: Any) -> dict[str, Any]:
            return {"scores": model(tf.cast(pixels, tf.float32), training=False)}

        shape = (1, *size, 3)
        self.from_uint8 = tf.function(judge, input_signature=[tf.TensorSpec(shape, tf.uint8, name="pixels")])
        self.from_float = tf.function(judge, input_signature=[tf.TensorSpec(shape, tf.float32, name="pixels")])

    def scores(
        self,
        pixels: NDArray[np.uint8] | NDArray[np.float32],
        progress: Callable[[float], None] = lambda done: None,
    ) -> Scores:
        """Returns the Keras model's scores, float32 ``[n, labels]``, for pixels ``[n, h, w, 3]``: the reference.

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


def load_graph(run: Run, temperature: float = 1.0) -> DeployedGraph:
    """Loads a run's model.

    Args:
        run: Of the model.
        temperature: What its logits are divided by; 1 but for a `divisible` model.

    Raises:
        RunError: The file is not a Keras model, or not a classifier for the run's spec.
    """
    model = load_model(run.model)
    if temperature != 1.0:
        divide_logits(model, temperature)
    return DeployedGraph(model, run.spec, run.model)
