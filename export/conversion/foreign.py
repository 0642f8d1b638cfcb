"""A model that this kit did not train, behind what every deployed graph takes and gives.

Between RGB pixels 0 to 255 and the model come the conversions that it needs: to grey, to another range, to another
shape; between its output and the scores a softmax and another order of the labels, where they are wanted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_runtime.errors import RunError
from edge_runtime.stages import rule
from export.conversion.backend import keras
from export.conversion.backend import tensorflow as tf
from export.conversion.loading import load_model
from export.conversion.saved_model import SavedModel


@dataclass(frozen=True)
class Fit:
    """How the model fits between pixels and labels.

    Attributes:
        size: Height and width of the pictures.
        low: What the model takes for a pixel of 0.
        high: What it takes for 255.
        softmax: Whether its output is to be made scores that sum to one.
        order: ``order[i]`` is the model's own index of label i; None where that is i.
    """

    size: tuple[int, int]
    low: float = 0.0
    high: float = 255.0
    softmax: bool = False
    order: tuple[int, ...] | None = None


def write_adapted(source: Path, target: Path, fit: Fit, labels: int) -> None:
    """Writes the model at `source` with what it needs around it.

    Args:
        source: A ``.keras`` (or ``.h5``) file, or the directory of a SavedModel.
        target: A ``.keras`` file for a Keras model, a directory for a SavedModel.
        fit: What it needs.
        labels: How many there are.

    Raises:
        RunError: It cannot be loaded, or does not take one picture of this size and give one score a label, or its
            scores sum to one already and are to be made scores once more.
    """
    model = load_model(source)
    channels = _channels(source, model, fit.size)
    found = [tuple(tensor.shape) for tensor in model.outputs]
    if len(found) != 1 or len(found[0]) != 2 or found[0][1] != labels:
        raise RunError(
            f"{source}: one output [batch, {labels}] (a score a label) expected, {found} found; labels are those of "
            "the prepared dataset, in its order, unless --labels names the model's own"
        )

    def own(pixels: Any) -> Any:
        x = keras.ops.image.rgb_to_grayscale(pixels) if channels < 3 else pixels
        if (fit.low, fit.high) != (0.0, 255.0):
            x = x * ((fit.high - fit.low) / 255) + fit.low
        if channels == 0:
            x = keras.ops.squeeze(x, axis=-1)
        return model(x, training=False)

    def adapted(pixels: Any) -> Any:
        x = own(pixels)
        if fit.softmax:
            x = keras.ops.softmax(x)
        return x if fit.order is None else keras.ops.take(x, keras.ops.array(fit.order), axis=1)

    if fit.softmax and _gives_scores(own, fit.size):
        raise RunError(
            f"{source}: logits expected because of --softmax, scores that sum to one already found; leave --softmax "
            "out: a second softmax makes all scores nearly alike"
        )
    if isinstance(model, SavedModel):
        module = tf.Module()
        module.inner = model.loaded
        signature = [tf.TensorSpec((None, *fit.size, 3), tf.float32, name="pixels")]
        module.judge = tf.function(lambda pixels: {"scores": adapted(pixels)}, input_signature=signature)
        tf.saved_model.save(module, str(target), signatures=module.judge)
        return
    pixels = keras.Input((*fit.size, 3), name="pixels")
    keras.Model(pixels, adapted(pixels)).save(target)


def _gives_scores(judge: Callable[[Any], Any], size: tuple[int, int]) -> bool:
    try:
        rule.check_scores(judge, size, "model", ("", ""))
    except RunError:
        return False
    return True


def _channels(source: Path, model: Any, size: Sequence[int]) -> int:
    """Returns 3 for a model of colours, 1 for one of grey, 0 where a grey picture has no axis of channels."""
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    if len(shapes) == 1:
        _, *own = shapes[0]
        for channels in (3, 1, 0):
            wanted = [*size, channels] if channels else [*size]
            if len(own) == len(wanted) and all(a in (None, b) for a, b in zip(own, wanted, strict=True)):
                return channels
    height, width = size
    raise RunError(
        f"{source}: one input [batch, {height}, {width}, 3] (or 1 for grey) expected, {shapes} found; prepare the "
        "dataset with the --size that the model takes"
    )
