"""The one way from a picture to the pixels a model sees: training, calibration, proof and device all come through here.

Decode, apply the EXIF orientation, convert to RGB, resize with antialiasing. Rescaling and normalisation are not done
here: they are inside every deployed graph.
"""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import PictureError

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Region:
    """The part of a picture that counts, in shares of its upright width and height: 0, 0 is left and top."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0


WHOLE = Region()

KERNELS = {
    "box": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
# A JPEG is decoded at 1/2, 1/4 or 1/8 when that still leaves twice the pixels wanted each way: the resize that follows
# then decides the result, not the decoder (tests/edge_runtime/test_preprocess.py states the tolerance).
DRAFT_MARGIN = 2


def preprocess(picture: Path | bytes | Image.Image | Pixels, spec: PreprocessingSpec, region: Region = WHOLE) -> Pixels:
    """Returns what the model sees of a picture.

    Args:
        picture: A file, a file's content, a Pillow image, or uint8 ``[h, w, 3]`` (RGB) or ``[h, w]`` (grey) pixels.
        spec: Size, resize and interpolation.
        region: What of the upright picture counts.

    Returns:
        uint8 ``[height, width, 3]``, RGB, 0 to 255.

    Raises:
        PictureError: `picture` is not a picture, is truncated, or is an array of another shape or dtype.
    """
    if isinstance(picture, np.ndarray):
        return _resized(_cropped(_from_array(picture), region), spec)
    name = "picture" if isinstance(picture, bytes) else picture
    try:
        if isinstance(picture, Image.Image):
            upright = _upright_rgb(picture)
        else:
            with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as image:
                if region == WHOLE:
                    image.draft("RGB", _draft_size(image.size, spec))
                upright = _upright_rgb(image)
    except UnidentifiedImageError as error:
        raise PictureError(f"{name}: not a picture in a format that can be read") from error
    except Exception as error:
        # For damaged files Pillow's decoders raise OSError, SyntaxError, ValueError, TypeError and what else there is.
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise PictureError(f"{name}: cannot be decoded: {reason}") from error
    return _resized(_cropped(upright, region), spec)


def _cropped(image: Image.Image, region: Region) -> Image.Image:
    if region == WHOLE:
        return image
    left, right = (min(round(share * image.width), image.width) for share in (region.left, region.right))
    top, bottom = (min(round(share * image.height), image.height) for share in (region.top, region.bottom))
    # At least one pixel each way, whatever the rounding did.
    left, top = min(left, image.width - 1), min(top, image.height - 1)
    return image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


def _from_array(array: Pixels) -> Image.Image:
    colour = array.ndim == 3 and array.shape[2] == 3
    if array.dtype != np.uint8 or not (colour or array.ndim == 2) or array.size == 0:
        raise PictureError(f"uint8 [height, width, 3] or [height, width] expected, {array.dtype} {array.shape} found")
    return Image.fromarray(array).convert("RGB")


def _upright_rgb(image: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):
        # 16-bit grey: "I;16", or "I" from PGM and from PNG in Pillow 9. Pillow would show all above 255 as white.
        grey = np.asarray(upright).clip(0, 65535) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    return upright if upright.mode == "RGB" else upright.convert("RGB")


def _resized(image: Image.Image, spec: PreprocessingSpec) -> Pixels:
    height, width = spec.size
    kernel = KERNELS[spec.interpolation]
    if spec.resize == "letterbox":
        shown = _fitted(image.size, (width, height))
        canvas = Image.new("RGB", (width, height))
        canvas.paste(image.resize(shown, kernel), ((width - shown[0]) // 2, (height - shown[1]) // 2))
        return np.asarray(canvas)
    if image.size == (width, height):
        return np.asarray(image)
    box = _centre(image.size, (width, height)) if spec.resize == "center_crop" else None
    return np.asarray(image.resize((width, height), kernel, box=box))


def _fitted(size: tuple[int, int], into: tuple[int, int]) -> tuple[int, int]:
    """Returns the largest size (width, height) of the same aspect ratio inside `into`."""
    scale = min(into[0] / size[0], into[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _centre(size: tuple[int, int], target: tuple[int, int]) -> tuple[float, float, float, float]:
    """Returns the largest centred box (left, top, right, bottom) with the aspect ratio of `target`."""
    scale = min(size[0] / target[0], size[1] / target[1])
    # max: 29 - 28 * (29 / 28) is -4e-15, and Pillow takes no box that begins outside, however little.
    left, top = max(0.0, size[0] - target[0] * scale) / 2, max(0.0, size[1] - target[1] * scale) / 2
    return left, top, size[0] - left, size[1] - top


def _draft_size(size: tuple[int, int], spec: PreprocessingSpec) -> tuple[int, int]:
    """Returns the size (width, height) that a decoder shall give, in the file's own orientation."""
    # EXIF may swap width and height later: the longer wanted side stands for both, which can only ask for more.
    wanted = DRAFT_MARGIN * max(spec.size)
    for scale in (8, 4, 2):
        # Exact division only: a decoder rounds 2002 rows / 8 up to 251, and letterbox would end a row lower.
        if size[0] % scale == size[1] % scale == 0 and min(size) // scale >= wanted:
            return size[0] // scale, size[1] // scale
    return size
