"""Which pictures calibrate the int8 variants: from the training split only, as many of each label, by seed."""

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.manifest import Calibration
from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import Prepared

COUNT = 300  # 10, 300 and 1,000 pictures gave .9151, .9152 and .9136 on Fashion-MNIST


def choose(labels: NDArray[np.int64], count: int, seed: int) -> tuple[int, ...]:
    """Returns `count` indices into `labels`, ascending, with each label as often as any other where it has enough.

    Args:
        labels: int64 ``[n]``.
        count: How many; with fewer pictures than that, all of them.
        seed: The same seed gives the same indices.
    """
    generator = np.random.default_rng(seed)
    shuffled = generator.permutation(len(labels))
    # The place of each picture among those of its own label: taking the lowest places first balances the labels.
    place = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        own = shuffled[labels[shuffled] == label]
        place[own] = np.arange(len(own))
    order = shuffled[np.argsort(place[shuffled], kind="stable")]
    return tuple(sorted(int(index) for index in order[:count]))


def chosen(prepared: Prepared, count: int, seed: int) -> Calibration:
    """Returns which training pictures calibrate.

    Raises:
        DatasetError: There is no training picture.
    """
    indices = choose(np.asarray(prepared.split("train").labels), count, seed)
    if not indices:
        raise DatasetError(f"{prepared.directory}: no training picture to calibrate with")
    return Calibration("train", seed, indices)


def representative(prepared: Prepared, count: int, seed: int) -> NDArray[np.uint8]:
    """Returns the pixels of the training pictures that calibrate, uint8 ``[n, h, w, 3]``, a 0 and a 255 among them.

    Raises:
        DatasetError: There is no training picture.
    """
    indices = chosen(prepared, count, seed).indices
    return full_range(prepared.split("train").pixels[list(indices)])


def full_range(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Returns `pixels` with a 0 and a 255 among them.

    A converter takes the input's range from what it is shown; only 0 to 255 makes raw pixels the input. Where a value
    is missing, one channel of one corner pixel of the first picture gets it, too little to move any other range.
    """
    if pixels.min() == 0 and pixels.max() == 255:
        return pixels
    changed = pixels.copy()
    changed[0, 0, 0, 0], changed[0, 0, 0, 1] = 0, 255
    return changed
