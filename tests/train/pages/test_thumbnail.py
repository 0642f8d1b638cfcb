import base64
import io

import numpy as np
from PIL import Image

from train.pages.thumbnail import thumbnail

DRAW = np.random.default_rng(0)


def shown(address: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(address.partition("base64,")[2])))


def test_a_small_picture_is_shown_as_it_is() -> None:
    pixels = DRAW.integers(0, 256, (28, 48, 3), np.uint8)
    address = thumbnail(pixels)
    assert address.startswith("data:image/png;base64,")
    np.testing.assert_array_equal(np.asarray(shown(address)), pixels)


def test_a_large_picture_becomes_small_and_keeps_its_shape() -> None:
    address = thumbnail(DRAW.integers(0, 256, (300, 600, 3), np.uint8))
    assert address.startswith("data:image/jpeg;base64,")
    assert shown(address).size == (96, 48)
    assert len(address) < 10_000
