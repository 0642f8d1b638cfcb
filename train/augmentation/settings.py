"""How much is changed, as a value; nothing of it by default."""

import dataclasses
import math
from dataclasses import dataclass

from edge_runtime.errors import FieldError

MOST = {"rotation": 180.0, "randaugment": 10.0}  # what is not named here is a share, below 1


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far training changes pictures at random; 0 and False change nothing. `TrainConfig` has these fields.

    Attributes:
        flip: Whether half of the pictures are mirrored left to right.
        rotation: At most so many degrees, either way.
        translation: At most this share of height and width, either way.
        zoom: At most this share more or less of height and width is shown.
        shear: At most this share of the height sideways, and of the width upwards.
        brightness: At most this share of the range 0–255 brighter or darker.
        contrast: At most this share more or less contrast.
        channel_shift: At most this share of the range 0–255 is added to each of red, green and blue on its own.
        erasing: Share of the pictures of which a rectangle, 2 to 33 % of it, is filled with noise (Zhong et al. 2017).
        randaugment: So many of eleven operations one after the other (Cubuk et al. 2019), the same for a whole batch,
            their strength Keras' own.
        mixup: Alpha of MixUp's Beta distribution (Zhang et al. 2017).
        cutmix: Alpha of CutMix's (Yun et al. 2019).
    """

    flip: bool = False
    rotation: float = 0.0
    translation: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    channel_shift: float = 0.0
    erasing: float = 0.0
    randaugment: int = 0
    mixup: float = 0.0
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(Augmentation):
            value, most = getattr(self, field.name), MOST.get(field.name, 1.0)
            if not (math.isfinite(value) and 0 <= value <= most):
                raise FieldError(f"{field.name}: a number from 0 to {most:g} expected, {value} found")
        if self.mixup and self.cutmix:
            raise FieldError("mixup and cutmix: one of them expected, both found; each mixes the labels too")


def changes(settings: Augmentation) -> dict[str, float]:
    """Returns the settings that are not at nothing, by name."""
    values = {field.name: getattr(settings, field.name) for field in dataclasses.fields(Augmentation)}
    return {name: value for name, value in values.items() if value}
