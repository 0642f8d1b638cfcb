"""Tells frames that show the world from those of a camera that has stopped doing so. Pure: time comes with the frames.

What cannot be told from one camera's frames: a picture that is stuck behind a clock that is written into it moves, and
a perfectly still scene that an encoder repeats bit by bit does not. Encoders renew their picture every 1 to 4 seconds,
those that save as much as they can ("smart" codecs) every 10 and more: for these ask for a longer time.
"""

import zlib
from pathlib import Path
from typing import Literal

import numpy as np

from edge_runtime.preprocess import Pixels
from edge_runtime.sources import Frame, Picture

FROZEN_AFTER = 10.0  # seconds of the very same picture
REPEATS = 3  # and so many frames at least: a snapshot every minute is not frozen when it came twice
# Of 1920 × 1080 every 8th pixel each way is 97 KB, hashed in 0.1 ms; a sensor's noise changes some of 32,400 pixels.
STRIDE = 8
# A decoder that takes video levels (16 to 235) for full ones shows black as 16.
BLACK_MEAN = 16.0
# Standard deviations measured at 224 × 224: the noise of a dark sensor (sigma 12 of 255 at 640 × 480) leaves 2.4 after
# the resize; two photographs darkened to 1/8 have 7.5 and 10.4, to 1/16, where nothing can be made out, 3.7 and 5.2.
# No picture of Fashion-MNIST's 10,000 for testing, white on black, is within both limits.
BLACK_SPREAD = 5.0
ROWS = 8  # every 8th row tells first whether a closer look is worth its time


class FrameHealth:
    """A `Monitor` for one live source. It recovers by itself with the first frame that is as frames should be.

    Args:
        frozen_after: Seconds of the very same picture, by `Frame.taken`; infinity never calls a camera frozen.
        black_mean: Mean of the pixels, 0 to 255, up to which a frame may be black; below 0 none is.
        black_spread: Their standard deviation up to which it is.
    """

    def __init__(
        self,
        frozen_after: float = FROZEN_AFTER,
        black_mean: float = BLACK_MEAN,
        black_spread: float = BLACK_SPREAD,
    ) -> None:
        self._frozen_after = frozen_after
        self._black_mean = black_mean
        self._black_spread = black_spread
        self._digest: object = None
        self._since = 0.0
        self._count = 0

    def look(self, frame: Frame, pixels: Pixels) -> Literal["live", "frozen", "black"]:
        """Returns what the source is, by this frame and those before.

        Args:
            frame: As it came; its picture is compared with the one before.
            pixels: uint8 ``[height, width, 3]``, what the model sees of it.
        """
        digest = digest_of(frame.picture)
        if digest != self._digest:
            self._digest, self._since, self._count = digest, frame.taken, 0
        self._count += 1
        if is_black(pixels, self._black_mean, self._black_spread):
            return "black"  # also when it is the same black each time: that a cover is on says more
        same = frame.taken - self._since
        return "frozen" if same >= self._frozen_after and self._count >= REPEATS else "live"


def digest_of(picture: Picture) -> object:
    """Returns what two frames have in common when they are the very same picture; a file is told by its path."""
    match picture:
        case Path():
            return picture
        case bytes():
            return len(picture), zlib.crc32(picture)
        case _:
            sample = np.ascontiguousarray(picture[::STRIDE, ::STRIDE] if min(picture.shape[:2]) > STRIDE else picture)
            return picture.shape, zlib.crc32(sample.data)


def is_black(pixels: Pixels, mean: float = BLACK_MEAN, spread: float = BLACK_SPREAD) -> bool:
    """Tells whether pixels, uint8 ``[height, width, 3]``, are dark and have nothing in them that stands out."""
    # Where an 8th of the rows is brighter than all together by d, the spread is d / √7 at least: 3 are too many.
    if float(pixels[::ROWS].mean()) > mean + 3 * spread:
        return False  # 8 µs for 224 × 224, against 170 for the closer look
    return float(pixels.mean()) <= mean and float(pixels.std()) <= spread
