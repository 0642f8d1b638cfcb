"""Keras' own augmentation layers, put together as the settings say. They run where the model trains."""

from collections.abc import Callable
from typing import Any

from train.augmentation.settings import Augmentation
from train.backend import keras

RANGE = (0, 255)
# Rotated, moved and enlarged pictures show their edge again where they have nothing: black corners would be something
# to learn that no camera sees, and a mirrored half of a shoe is not a shoe.
FILL = "nearest"


class ChannelShift(keras.layers.Layer):
    """Adds another number to each channel of each picture; Keras has no such layer (3.15)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._most = 255 * share
        self.seed_generator = keras.random.SeedGenerator(0)

    def call(self, pixels: Any, training: bool = True) -> Any:
        shape = (keras.ops.shape(pixels)[0], 1, 1, 3)
        shift = keras.random.uniform(shape, -self._most, self._most, dtype=pixels.dtype, seed=self.seed_generator)
        return keras.ops.clip(pixels + shift, *RANGE)


def picture_layers(settings: Augmentation) -> list[Any]:
    """Returns the layers that take float ``[n, h, w, 3]``, 0–255, and give the same, in the order to be called.

    Not among them: mirroring, which `Batches` does as it reads.
    """
    layers = keras.layers
    wanted: list[tuple[float, Callable[[], Any]]] = [
        (settings.rotation, lambda: layers.RandomRotation(settings.rotation / 360, fill_mode=FILL)),
        (
            settings.translation,
            lambda: layers.RandomTranslation(settings.translation, settings.translation, fill_mode=FILL),
        ),
        (settings.zoom, lambda: layers.RandomZoom(settings.zoom, fill_mode=FILL)),
        (settings.shear, lambda: layers.RandomShear(settings.shear, settings.shear, fill_mode=FILL)),
        (settings.brightness, lambda: layers.RandomBrightness(settings.brightness, value_range=RANGE)),
        # A pair: with a single number Keras never draws less contrast (3.15).
        (settings.contrast, lambda: layers.RandomContrast((settings.contrast, settings.contrast), value_range=RANGE)),
        (settings.channel_shift, lambda: ChannelShift(settings.channel_shift)),
        (settings.randaugment, lambda: layers.RandAugment(RANGE, num_ops=settings.randaugment)),
        # A pair: with a single number Keras draws the share itself, from 0 to it.
        (settings.erasing, lambda: layers.RandomErasing((settings.erasing, settings.erasing), value_range=RANGE)),
    ]
    return [make() for amount, make in wanted if amount]


def mixing_layer(settings: Augmentation) -> Any | None:
    """Returns the layer that mixes ``{"images", "labels"}`` of a batch, the labels as shares, or None."""
    if settings.mixup:
        return keras.layers.MixUp(alpha=settings.mixup)
    if settings.cutmix:
        # A pair: with a single number Keras draws alpha anew for each batch, from 0 to it (3.15).
        return keras.layers.CutMix(factor=(settings.cutmix, settings.cutmix))
    return None


def draw(layer: Any, numbers: Any) -> None:
    """Sets what every random layer inside of `layer` will draw; the same numbers give the same pictures.

    Args:
        layer: A layer or a model.
        numbers: A `numpy.random.Generator`.
    """
    for variable in layer.variables:
        if "seed_generator_state" in variable.path:
            variable.assign(numbers.integers(2**32, size=2, dtype="uint32"))
