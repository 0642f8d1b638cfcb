"""A SavedModel with as much of a Keras model's face as the deployed graph looks at."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import RunError
from export.conversion.backend import tensorflow as tf

SIGNATURE = "serving_default"


@dataclass(frozen=True)
class Value:
    """A variable as Keras wraps one."""

    value: Any


class SavedModel:
    """A loaded SavedModel, called as a Keras model is.

    Args:
        directory: Of the SavedModel.

    Attributes:
        inputs: One tensor's shape and dtype, in a list.
        outputs: Likewise.
        variables: Its variables.
        loaded: What TensorFlow loaded.

    Raises:
        RunError: It is none, or has not one signature with one input and one output.
    """

    def __init__(self, directory: Path) -> None:
        try:
            self.loaded = tf.saved_model.load(str(directory))
        except (OSError, ValueError, KeyError, tf.errors.OpError) as error:
            raise RunError(
                f"{directory}: TensorFlow {tf.__version__} cannot load this SavedModel: {str(error).splitlines()[0]}"
            ) from error
        signatures = dict(self.loaded.signatures)
        if SIGNATURE not in signatures and len(signatures) != 1:
            raise RunError(
                f"{directory}: a signature called '{SIGNATURE}' expected, {sorted(signatures) or 'none'} found; "
                "save it again with model.export(), or tf.saved_model.save(…, signatures=…)"
            )
        self._signature = signatures.get(SIGNATURE) or next(iter(signatures.values()))
        taken = self._signature.structured_input_signature[1]
        given = self._signature.structured_outputs
        if len(taken) != 1 or len(given) != 1:
            raise RunError(
                f"{directory}: one input and one output expected, {sorted(taken)} and {sorted(given)} found; "
                "save a signature that takes pixels and gives scores alone"
            )
        ((self._input, wanted),) = taken.items()
        ((self._output, scores),) = given.items()
        self._dtype = wanted.dtype
        self.inputs: Sequence[Any] = [wanted]
        self.outputs: Sequence[Any] = [scores]
        self.variables = [Value(variable) for variable in self._signature.variables]

    def __call__(self, pixels: Any, training: bool = False) -> Any:
        return self._signature(**{self._input: tf.cast(pixels, self._dtype)})[self._output]

    def predict_on_batch(self, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns what it gives for float32 pixels ``[n, h, w, 3]``."""
        found: NDArray[np.float32] = self(tf.constant(pixels)).numpy()
        return found
