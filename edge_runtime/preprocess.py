"""The one way from a picture to the pixels a model sees: training, calibration, proof and device all come through here.

Decode, apply the EXIF orientation, convert to RGB, resize with antialiasing. Rescaling and normalisation are not done
here: they are inside every deployed graph.
"""

import contextlib
import io
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import PictureError
from edge_runtime.frozen import dataclass

Pixels = NDArray[np.uint8]
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels, as Pillow has it


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
ORIENTATION = 0x0112  # the EXIF tag
UPRIGHT: dict[object, Image.Transpose] = {  # what undoes each way a camera was held (EXIF 2.32, 4.6.4); 1 is upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
TURNED = (5, 6, 7, 8)  # those that swap width and height
FROM_RIGHT, FROM_BOTTOM = (2, 3, 6, 7), (3, 4, 7, 8)  # those after which a stored last column or row comes first


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
        return _from_array(picture, spec, region)
    return resize(*decode(picture, spec, region), spec)


def decode(
    picture: Path | bytes | Image.Image, spec: PreprocessingSpec, region: Region = WHOLE
) -> tuple[Image.Image, Box]:
    """Returns the first half of `preprocess`: an upright RGB image, and which box of it is to be resized.

    Raises:
        PictureError: `picture` is not a picture, or is truncated.
    """
    name = "picture" if isinstance(picture, bytes) else picture
    try:
        if isinstance(picture, Image.Image):
            upright, scale = _upright_rgb(picture), 1
            box = _whole(upright)
        else:
            with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as image:
                size = image.size
                scale = reduce(image, spec, region)
                upright = _upright_rgb(image)
                box = _whole(upright) if scale == 1 else _shown(upright.size, size, scale, _orientation(image))
    except UnidentifiedImageError as error:
        raise PictureError(f"{name}: {_unknown(picture)}") from error
    except Exception as error:
        # For damaged files Pillow's decoders raise OSError, SyntaxError, ValueError, TypeError and what else there is.
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        verb = "read" if getattr(error, "errno", None) else "decoded"  # only the system's own errors have a number
        raise PictureError(f"{name}: cannot be {verb}: {reason}") from error
    return _cropped(upright, box, scale, region)


def _unknown(picture: Path | bytes | Image.Image) -> str:
    """Returns why Pillow knew no format for it."""
    with contextlib.suppress(OSError):  # the file may be gone by now
        if picture == b"" or (isinstance(picture, Path) and picture.stat().st_size == 0):
            return "is empty, as an interrupted copy leaves it"
    return "not a picture in a format that can be read"


def _whole(image: Image.Image) -> Box:
    return 0, 0, image.width, image.height


def _shown(reduced: tuple[int, int], size: tuple[int, int], scale: int, orientation: object) -> Box:
    """Returns which box of an upright picture that was decoded at 1/`scale` shows what the whole file does.

    Pixel n of it stands for the file's pixels n × scale and on; of 251 that 2002 were divided into by 8, 250.25 show
    something, and the rest is the encoder's padding. Dividing by a power of two is exact in floating point: what is
    computed from the box is, to the bit, what would be computed from the full size.
    """
    width, height = (side / scale for side in (size[::-1] if orientation in TURNED else size))
    left = reduced[0] - width if orientation in FROM_RIGHT else 0.0
    top = reduced[1] - height if orientation in FROM_BOTTOM else 0.0
    return left, top, left + width, top + height


def _pixels(size: tuple[int, int], region: Region) -> tuple[int, int, int, int]:
    """Returns the box of a region in whole pixels of an upright picture of `size` (width, height)."""
    if region == WHOLE:
        return 0, 0, *size
    left, right = (min(round(share * size[0]), size[0]) for share in (region.left, region.right))
    top, bottom = (min(round(share * size[1]), size[1]) for share in (region.top, region.bottom))
    # At least one pixel each way, whatever the rounding did.
    left, top = min(left, size[0] - 1), min(top, size[1] - 1)
    return left, top, max(right, left + 1), max(bottom, top + 1)


def reduce(image: Image.Image, spec: PreprocessingSpec, region: Region) -> int:
    """Tells a JPEG's decoder, before it begins, to give less than all pixels; returns by how much, each way."""
    size = image.size
    if min(size) < 2 * DRAFT_MARGIN * max(spec.size) or image.format not in ("JPEG", "MPO"):
        return 1
    left, top, right, bottom = _pixels(size[::-1] if _orientation(image) in TURNED else size, region)
    # Stretching by any aspect ratio, upright or not: the shorter side must do for the longer one wanted.
    least, wanted = min(right - left, bottom - top), DRAFT_MARGIN * max(spec.size)
    # Where one divides the size without a rest the result is the same as before this kit knew any other way.
    able = [scale for scale in (8, 4, 2) if least // scale >= wanted]
    scale = next((scale for scale in able if size[0] % scale == size[1] % scale == 0), max(able, default=1))
    if scale == 1:
        return 1
    image.draft("RGB", (size[0] // scale, size[1] // scale))
    return round(size[0] / image.width)  # what the decoder will do


def _cropped(image: Image.Image, shown: Box, scale: int, region: Region) -> tuple[Image.Image, Box]:
    """Returns what is to be resized, and which box of it is the region.

    Args:
        image: The upright picture, decoded at 1/`scale`.
        shown: The box of it that shows the whole picture.
        scale: 1, 2, 4 or 8.
        region: What counts, rounded to whole pixels of the full size.
    """
    size = (round((shown[2] - shown[0]) * scale), round((shown[3] - shown[1]) * scale))
    part = _pixels(size, region)
    box = tuple(shown[side % 2] + part[side] / scale for side in range(4))
    # The kernel looks beyond its box: what belongs to the region by no part is cut off.
    left, top = math.floor(box[0]), math.floor(box[1])
    outer = (left, top, math.ceil(box[2]), math.ceil(box[3]))
    if outer != (0, 0, *image.size):
        image = image.crop(outer)
    return image, (box[0] - left, box[1] - top, box[2] - left, box[3] - top)


def _from_array(array: Pixels, spec: PreprocessingSpec, region: Region) -> Pixels:
    colour = array.ndim == 3 and array.shape[2] == 3
    if array.dtype != np.uint8 or not (colour or array.ndim == 2) or array.size == 0:
        raise PictureError(f"uint8 [height, width, 3] or [height, width] expected, {array.dtype} {array.shape} found")
    left, top, right, bottom = _pixels((array.shape[1], array.shape[0]), region)
    part = array[top:bottom, left:right]  # a view: of a large frame no more is copied than counts
    if colour and part.shape[:2] == spec.size:
        return part.copy()
    image = Image.fromarray(part)
    image = image if colour else image.convert("RGB")  # convert copies also where nothing is to be converted
    return resize(image, (0, 0, *image.size), spec)


def _orientation(image: Image.Image) -> object:
    return image.getexif().get(ORIENTATION, 1)


def _upright_rgb(image: Image.Image) -> Image.Image:
    """Returns the picture as it was seen, in RGB; the same object where nothing is to be done.

    ImageOps.exif_transpose would copy it: 36 MB, 7 ms for 12 megapixels.
    """
    image.load()  # before: what stands behind the pixels, as in PNG, is known then
    method = UPRIGHT.get(_orientation(image))
    upright = image if method is None else image.transpose(method)
    if upright.mode.startswith("I"):
        # 16-bit grey: "I;16", or "I" from PGM and from PNG in Pillow 9. Pillow would show all above 255 as white.
        grey = np.asarray(upright).clip(0, 65535) >> 8
        return Image.fromarray(grey.astype(np.uint8)).convert("RGB")
    return upright if upright.mode == "RGB" else upright.convert("RGB")


def resize(image: Image.Image, box: Box, spec: PreprocessingSpec) -> Pixels:
    """Returns the second half of `preprocess`: a box of an RGB image as uint8 ``[height, width, 3]``."""
    height, width = spec.size
    kernel = KERNELS[spec.interpolation]
    size = (box[2] - box[0], box[3] - box[1])
    if spec.resize == "letterbox":
        shown = _fitted(size, (width, height))
        canvas = Image.new("RGB", (width, height))
        canvas.paste(image.resize(shown, kernel, box=box), ((width - shown[0]) // 2, (height - shown[1]) // 2))
        return np.asarray(canvas)
    if image.size == size == (width, height):
        return np.asarray(image)
    if spec.resize == "center_crop":
        box = _centre(box, (width, height))
    return np.asarray(image.resize((width, height), kernel, box=box))


def _fitted(size: tuple[float, float], into: tuple[int, int]) -> tuple[int, int]:
    """Returns the largest size (width, height) of the same aspect ratio inside `into`."""
    scale = min(into[0] / size[0], into[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _centre(box: Box, target: tuple[int, int]) -> Box:
    """Returns the largest box in the middle of `box` with the aspect ratio of `target`."""
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(width / target[0], height / target[1])
    # max: 29 - 28 * (29 / 28) is -4e-15, and Pillow takes no box that begins outside, however little.
    left, top = max(0.0, width - target[0] * scale) / 2, max(0.0, height - target[1] * scale) / 2
    return box[0] + left, box[1] + top, box[2] - left, box[3] - top
