"""The deployed graph: the trained Keras model behind uint8 RGB pixels, with a batch of one.

Rescaling, grey conversion and softmax are layers of the Keras model already; the cast from uint8 is added here.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.spec import ModelSpec
from edge_runtime.errors import RunError
from edge_runtime.scores import Scores
from edge_runtime.stages.run import Run
from export.conversion.backend import keras
from export.conversion.backend import tensorflow as tf

BATCH = 256


class DeployedGraph:
    """A Keras model with the functions that converters take.

    Attributes:
        from_uint8: ``uint8 [1, h, w, 3]`` to ``{"scores": float32 [1, labels]}``.
        from_float: The same from float32 pixels 0 to 255, for converters that make the input an integer themselves.

    Raises:
        RunError: The model does not take one RGB picture or does not give one score a label.
    """

    def __init__(self, model: Any, spec: ModelSpec) -> None:
        height, width = spec.preprocessing.size
        if len(model.inputs) != 1 or tuple(model.inputs[0].shape) != (None, height, width, 3):
            shapes = [tuple(tensor.shape) for tensor in model.inputs]
            raise RunError(f"model: one input [batch, {height}, {width}, 3] expected, {shapes} found")
        if len(model.outputs) != 1 or tuple(model.outputs[0].shape) != (None, len(spec.labels)):
            shapes = [tuple(tensor.shape) for tensor in model.outputs]
            raise RunError(f"model: one output [batch, {len(spec.labels)}] (a score a label) expected, {shapes} found")
        self.model = model
        self.spec = spec

        def judge(pixels: Any) -> dict[str, Any]:
            return {"scores": model(tf.cast(pixels, tf.float32), training=False)}

        shape = (1, height, width, 3)
        self.from_uint8 = tf.function(judge, input_signature=[tf.TensorSpec(shape, tf.uint8, name="pixels")])
        self.from_float = tf.function(judge, input_signature=[tf.TensorSpec(shape, tf.float32, name="pixels")])

    def scores(self, pixels: NDArray[np.uint8]) -> Scores:
        """Returns the Keras model's scores, float32 ``[n, labels]``, for uint8 ``[n, h, w, 3]``: the reference."""
        parts = [
            np.asarray(self.model.predict_on_batch(pixels[start : start + BATCH].astype(np.float32)), np.float32)
            for start in range(0, len(pixels), BATCH)
        ]
        return np.concatenate(parts)


def load_graph(run: Run) -> DeployedGraph:
    """Loads a run's model.

    Raises:
        RunError: The file is not a Keras model, or not a classifier for the run's spec.
    """
    try:
        model = keras.models.load_model(run.model, compile=False)
    except (ValueError, OSError, TypeError, KeyError) as error:
        raise RunError(
            f"{run.model}: Keras {keras.__version__} cannot load it: {str(error).splitlines()[0]}"
        ) from error
    return DeployedGraph(model, run.spec)
