"""Pictures to measure with where the user names none."""

import io
from pathlib import Path

from PIL import Image

from edge_runtime.bundle.store import Bundle
from edge_runtime.proof import read_golden

SIZE = (640, 480)  # width and height: what a web camera gives
QUALITY = 90


def enlarged(bundle: Bundle, place: Path) -> list[Path]:
    """Writes the bundle's golden samples as large JPEG files into `place` and returns them.

    A golden sample has the model's own size, so there would be nothing to decode and to resize.

    Raises:
        BundleError: It has none, they cannot be read, or they have changed since the bundle was opened.
    """
    paths = []
    for number, sample in enumerate(read_golden(bundle).samples):
        path = place / f"{number:02}.jpg"
        with Image.open(io.BytesIO(bundle.content(sample.path))) as image:
            image.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC).save(path, quality=QUALITY)
        paths.append(path)
    return paths
