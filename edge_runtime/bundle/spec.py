"""What a picture must become before the model sees it, and what the model's scores mean."""

from typing import Literal

from edge_runtime.errors import FieldError
from edge_runtime.frozen import dataclass

Resize = Literal["stretch", "center_crop", "letterbox"]
Interpolation = Literal["box", "bilinear", "bicubic", "lanczos"]


@dataclass(frozen=True)
class PreprocessingSpec:
    """How pixels reach the model; everything else about preprocessing is the same for everyone.

    Attributes:
        size: Height and width of the model's input, in pixels.
        resize: `stretch` ignores the aspect ratio, `center_crop` fills the input and cuts what is over,
            `letterbox` shows the whole picture and fills the rest with black.
        interpolation: The resampling kernel; every one of them antialiases when it reduces.
    """

    size: tuple[int, int]
    resize: Resize = "stretch"
    interpolation: Interpolation = "bilinear"

    def __post_init__(self) -> None:
        if min(self.size) < 1:
            raise FieldError(f"size: height and width of at least 1 expected, {self.size} found")

    def __str__(self) -> str:
        return f"{self.size[0]} × {self.size[1]} pixels ({self.resize}, {self.interpolation})"


@dataclass(frozen=True)
class ModelSpec:
    """A classifier's outside: `labels[i]` is the name of score `i`."""

    labels: tuple[str, ...]
    preprocessing: PreprocessingSpec

    def __post_init__(self) -> None:
        if len(self.labels) < 2:
            raise FieldError(f"labels: at least 2 expected, {len(self.labels)} found")
        if len(set(self.labels)) < len(self.labels):  # to look for the one costs 9 ms for a thousand labels
            twice = sorted({label for label in self.labels if self.labels.count(label) > 1})
            raise FieldError(f"labels: '{twice[0]}' is given twice")
        unprintable = [label for label in self.labels if not label.strip() or not label.isprintable()]
        if unprintable:
            raise FieldError(f"labels: {unprintable[0]!r} cannot be a line of labels.txt")
