"""Pictures inside a page: small, once each however often they are shown, the same bytes every time."""

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 96  # pixels, of the longer side at most; a photograph of that size is a PNG of 15 to 20 kB


@dataclass(frozen=True)
class Inlined:
    """A PNG as part of a page.

    Attributes:
        uri: ``data:image/png;base64,…``.
        width: Pixels.
        height: Pixels.
    """

    uri: str
    width: int
    height: int


def inlined(png: bytes) -> Inlined:
    """Returns a PNG's content as part of a page."""
    with Image.open(io.BytesIO(png)) as image:
        width, height = image.size
    return Inlined("data:image/png;base64," + base64.b64encode(png).decode(), width, height)


def thumbnails(pixels: NDArray[np.uint8], indices: Iterable[int]) -> dict[int, Inlined]:
    """Returns the pictures at `indices`, small, by index.

    Args:
        pixels: uint8 ``[n, h, w, 3]``; may be memory-mapped, only those pictures are read.
        indices: Which.
    """
    found = {}
    for index in sorted(set(indices)):
        image = Image.fromarray(np.asarray(pixels[index]))
        image.thumbnail((SIDE, SIDE))
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        found[index] = inlined(buffer.getvalue())
    return found
