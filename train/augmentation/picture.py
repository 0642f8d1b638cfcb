"""What training shows of a few pictures, for people."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from train.augmentation.layers import draw, mixing_layer, picture_layers
from train.augmentation.settings import Augmentation, changes
from train.backend import keras
from train.drawing import png

SIDE = 5  # pictures in a row, and rows
SHOWN = SIDE**2


def samples(pixels: Any, labels: Any, count: int, settings: Augmentation, seed: int) -> bytes:
    """Returns a PNG of 25 pictures, changed as training changes them; mirrored ones come so from `Batches`.

    Args:
        pixels: uint8 ``[n, h, w, 3]``, the first of which are shown.
        labels: int ``[n]``, an index into the labels.
        count: Labels.
        settings: How far.
        seed: Of what is drawn.
    """
    numbers = np.random.default_rng(seed)
    shown = keras.ops.cast(pixels[:SHOWN], "float32")
    for layer in picture_layers(settings):
        draw(layer, numbers)
        shown = layer(shown, training=True)
    mixing = mixing_layer(settings)
    if mixing is not None:
        draw(mixing, numbers)
        targets = keras.ops.one_hot(labels[:SHOWN], count)
        shown = mixing({"images": shown, "labels": targets}, training=True)["images"]
    figure = Figure(figsize=(1.5 * SIDE, 1.5 * SIDE + 0.5), layout="constrained")
    grid = figure.subplots(SIDE, SIDE).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, picture in zip(grid, keras.ops.convert_to_numpy(shown), strict=False):
        axes.imshow(np.clip(picture / 255, 0, 1), interpolation="nearest")
    named = ", ".join(name if name == "flip" else f"{name} {value:g}" for name, value in changes(settings).items())
    figure.suptitle(f"as training sees them: {named}", fontsize=9, wrap=True)
    return png(figure)
