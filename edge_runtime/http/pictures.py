"""Pictures that come from outside are looked at before they are decoded; those that go out are small JPEGs."""

import io
from pathlib import Path

from PIL import Image, ImageOps

from edge_runtime.errors import PictureError
from edge_runtime.sources import Picture

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # Pillow knows others, one of which starts Ghostscript
SHOWN = (640, 480)  # width and height of a picture on the page, at most
SMALL = 160  # pixels up to which a picture is shown pixel by pixel


def must_be_modest(content: bytes, pixels: int) -> None:
    """Raises PictureError unless `content` begins like a picture of at most that many pixels. Decodes nothing."""
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError(f"picture: more than {pixels} pixels") from error
    except Exception as error:
        # Whatever Pillow's parsers raise for damaged headers; see `preprocess`.
        raise PictureError(f"picture: not one in a format that can be read ({', '.join(FORMATS)})") from error
    if width * height > pixels:
        raise PictureError(f"picture: {width} × {height} pixels; at most {pixels} are taken")


def small_jpeg(picture: Picture, box: tuple[int, int] = SHOWN) -> bytes:
    """Returns a picture as a JPEG that fits into `box` (width, height), upright and without what else its file said.

    Raises:
        PictureError: It cannot be decoded, or is gone.
    """
    try:
        if isinstance(picture, (bytes, Path)):
            with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture, formats=FORMATS) as image:
                image.draft("RGB", box)
                image.thumbnail((max(box), max(box)), Image.Resampling.BILINEAR)
                shown = ImageOps.exif_transpose(image).convert("RGB")
        else:
            shown = Image.fromarray(picture)
        shown.thumbnail(box, Image.Resampling.BILINEAR)
    except Exception as error:
        raise PictureError(f"picture: cannot be shown: {error}") from error
    out = io.BytesIO()
    tiny = max(shown.size) <= SMALL  # blocks of 8 × 8 show on a picture of 28 × 28
    shown.save(out, "JPEG", quality=95 if tiny else 80, subsampling=0 if tiny else 2)
    return out.getvalue()
