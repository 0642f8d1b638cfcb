"""Lets frames pass while something moves, so that the interpreter rests before a still scene.

A frame, as the model sees it, is divided into 8 × 8 cells; each cell's mean is compared with that of the last judged
frame, and the largest difference, in grey levels, decides. Means of cells and not of single pixels: noise of single
pixels cancels out within a cell, and a small thing is not diluted by the rest of the picture.

Measured on photographs of about 600 × 500 pixels, seen at 28, 96 and 224, in grey levels of cells. Noise of σ 10 and
more in the light, then JPEG of quality 75: up to 1.3; σ 20 and quality 50, a webcam at night: up to 2.5. A square of
1 % of the picture, 60 levels brighter or darker: 7 and more, for half of the places 19 and more. The mean absolute
difference of all pixels was 0.5 for that square and 0.6 to 6.7 for the noise: no limit would tell them apart. A look
takes 40 µs at 28 pixels, 160 µs at 224.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import FieldError
from edge_runtime.preprocess import Pixels

CELLS = 8  # each way
LEAST_LIMIT, MOST_LIMIT = 1.0, 16.0  # grey levels, for sensitivity 1 and 0


@dataclass(frozen=True)
class Motion:
    """The rule.

    Attributes:
        sensitivity: 0 to 1. At 0.5 a cell must change by 4 grey levels of 255, at 1 by 1, at 0 by 16.
        at_least_every: Seconds after which a frame passes whatever it shows.
        linger: Seconds for which frames go on to pass after a movement: more than a smoothing's `window` + `hold`, so
            that it can make sure of what has changed.
        light: Seconds in which the frame that others are compared with becomes most of what is seen now, so that slow
            changes of the light are no movement.
    """

    sensitivity: float = 0.5
    at_least_every: float = 10.0
    linger: float = 2.0
    light: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.sensitivity <= 1:
            raise FieldError(f"sensitivity: a number from 0 to 1 expected, {self.sensitivity} found")
        for name in ("at_least_every", "light"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise FieldError(f"{name}: seconds above 0 expected, {value} found")
        if not (math.isfinite(self.linger) and self.linger >= 0):
            raise FieldError(f"linger: seconds from 0 expected, {self.linger} found")

    @property
    def limit(self) -> float:
        """Grey levels by which a cell must change."""
        return MOST_LIMIT * math.pow(LEAST_LIMIT / MOST_LIMIT, self.sensitivity)


class MotionGate:
    """A `lane.Gate` for one source."""

    def __init__(self, rule: Motion = Motion()) -> None:
        self._rule = rule
        self._limit = rule.limit
        self._reference: NDArray[np.float32] | None = None
        self._shape: tuple[int, ...] = ()
        self._looked = self._judged = 0.0
        self._moved = -math.inf

    def passes(self, pixels: Pixels, at: float) -> bool:
        """Whether a frame is worth being judged.

        Args:
            pixels: uint8 ``[height, width, 3]``, as the model sees it.
            at: When it was captured, in seconds of a clock that is never set.
        """
        rule = self._rule
        seen = cells(pixels)
        elapsed, self._looked = max(0.0, at - self._looked), at
        if self._reference is not None and pixels.shape == self._shape:  # else the first, or another model's pixels
            if change(self._reference, seen) >= self._limit:
                self._moved = at
            elif at - self._moved > rule.linger and at - self._judged < rule.at_least_every:
                self._reference += np.float32(1 - math.exp(-elapsed / rule.light)) * (seen - self._reference)
                return False
        self._reference, self._shape, self._judged = seen, pixels.shape, at
        return True


def change(before: NDArray[np.float32], now: NDArray[np.float32]) -> float:
    """Returns the largest difference of any cell and colour, in grey levels."""
    return float(np.abs(now - before).max())


def cells(pixels: Pixels) -> NDArray[np.float32]:
    """Returns the mean colour of each cell.

    Args:
        pixels: uint8 ``[height, width, 3]``.

    Returns:
        float32 ``[8, 8, 3]``, 0 to 255; of a picture with fewer rows or columns, as many as it has.
    """
    height, width = pixels.shape[:2]
    rows, columns = (np.arange(min(CELLS, size)) * size // min(CELLS, size) for size in (height, width))
    sums = np.add.reduceat(np.add.reduceat(pixels, rows, axis=0, dtype=np.uint32), columns, axis=1)
    counts = np.diff(rows, append=height)[:, np.newaxis] * np.diff(columns, append=width)
    means: NDArray[np.float32] = (sums / counts[..., np.newaxis]).astype(np.float32)
    return means
