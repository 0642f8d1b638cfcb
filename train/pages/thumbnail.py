"""A picture inside a page: small, and as an address that holds the picture itself."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 96  # pixels of a small picture's longer side, at most
FEW_PIXELS = 48  # up to this side as PNG, exact; above it as JPEG, a third of the bytes


def thumbnail(pixels: NDArray[np.uint8]) -> str:
    """Returns a picture, uint8 ``[h, w, 3]``, as a ``data:`` address of a small one."""
    image = Image.fromarray(np.asarray(pixels))
    image.thumbnail((SIDE, SIDE))
    kind = "png" if max(image.size) <= FEW_PIXELS else "jpeg"
    content = io.BytesIO()
    image.save(content, kind, quality=85)
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
