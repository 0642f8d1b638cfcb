"""From samples to the pixels a model trains on, over all cores and in the samples' order."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import PictureError
from edge_runtime.preprocess import preprocess
from train.datasets.dataset import Sample
from train.datasets.heic import CONVERT, is_heic

AHEAD = 16  # pictures decoded for each core beyond the one that is taken: enough to bridge a slow one
ANIMATED, TRANSPARENT, DEEP, CMYK = "animated", "transparent", "16-bit", "CMYK"


@dataclass(frozen=True)
class Decoded:
    """What came of a sample.

    Attributes:
        pixels: uint8 ``[height, width, 3]`` as the model sees them, or None.
        reason: Why there are none, a sentence.
        size: Width and height as it was found; 0, 0 where nobody knows.
        kind: What is unusual about the file, in words such as ``animated``.
    """

    pixels: NDArray[np.uint8] | None
    reason: str = ""
    size: tuple[int, int] = (0, 0)
    kind: str = ""


def decoded(samples: Sequence[Sample], preprocessing: PreprocessingSpec) -> Iterator[Decoded]:
    """Yields what comes of each sample, in order; holds `AHEAD` pictures a core and no more."""
    if samples and not isinstance(samples[0].picture, Path):
        # Arrays: threads would cost more than the 10 µs a picture takes.
        yield from (decode(sample, preprocessing) for sample in samples)
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    waiting: deque[Future[Decoded]] = deque()
    with ThreadPoolExecutor(cores) as pool:  # Pillow decodes without holding the interpreter's lock
        try:
            for sample in samples:
                waiting.append(pool.submit(decode, sample, preprocessing))
                if len(waiting) > AHEAD * cores:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:  # Ctrl-C never waits for a long queue
                future.cancel()


def decode(sample: Sample, preprocessing: PreprocessingSpec) -> Decoded:
    """Returns what comes of one sample."""
    picture = sample.picture
    try:
        pixels = preprocess(picture, preprocessing)
    except PictureError as error:
        return Decoded(None, f"{error}; {CONVERT}" if isinstance(picture, Path) and is_heic(picture) else str(error))
    except MemoryError:
        return Decoded(None, f"{picture}: cannot be decoded: more pixels than there is memory for")
    if not isinstance(picture, Path):
        return Decoded(pixels, size=(picture.shape[1], picture.shape[0]))
    size, kind = (0, 0), ""
    try:
        # Again, as the decoder may have been told to give less than all of them; it reads the header only.
        with Image.open(picture) as image:
            size = image.size
            kind = kind_of(image)
    except Exception:  # noqa: BLE001  a second frame that is damaged raises what there is; the first one is good
        return Decoded(pixels, size=size)
    return Decoded(pixels, size=size, kind=kind)


def kind_of(image: Image.Image) -> str:
    """Returns what is unusual about an opened, undecoded picture, in words such as ``animated transparent``."""
    tiles = getattr(image, "tile", None)  # which only a file has
    modes = tiles[0][3] if tiles else ""  # how the file has them, as RGB;16B where Pillow gives RGB
    stored = modes[0] if isinstance(modes, tuple) and modes else modes
    deep = image.mode.startswith(("I", "F")) or (isinstance(stored, str) and ";16" in stored)
    words = {
        ANIMATED: getattr(image, "is_animated", False) and image.format != "MPO",
        TRANSPARENT: image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info,
        DEEP: deep,
        CMYK: image.mode == "CMYK",
    }
    return " ".join(word for word, found in words.items() if found)
