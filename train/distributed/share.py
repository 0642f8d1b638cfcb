"""Which pictures of every batch are this host's, and what becomes of a last batch that cannot be shared out evenly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Share:
    """This host's part of each batch.

    Attributes:
        index, count: It is part `index` of `count` equal ones.
        devices: That compute, on all hosts together, a multiple of `count`; each gets as many pictures.
    """

    index: int = 0
    count: int = 1
    devices: int = 1

    def of(self, batch: NDArray[np.int64]) -> slice:
        """Returns where this host's part of `batch` is; its length is a multiple of `devices`."""
        size = len(batch) // self.count
        return slice(self.index * size, (self.index + 1) * size)


WHOLE = Share()


def shortened(order: NDArray[np.int64], devices: int) -> NDArray[np.int64]:
    """Returns `order` without the last few, so that `devices` get equally many.

    For training: fewer than `devices` pictures are left out of an epoch, other ones in each. To fill up instead would
    count some pictures twice in batch normalisation, which knows no weights.
    """
    return order[: len(order) // devices * devices]


def filled_up(order: NDArray[np.int64], devices: int) -> tuple[NDArray[np.int64], NDArray[np.float32] | None]:
    """Returns `order` with its first picture repeated at the end until `devices` get equally many, and weights.

    For validation, where every picture has to count, and once. The weights are None when nothing had to be added.
    Repeated pictures weigh 0. The others weigh a little more than 1, because Keras divides a sum of losses by the
    number of pictures and not by the sum of the weights; so the mean over all batches is that of `order`.
    """
    missing = -len(order) % devices
    if not missing:
        return order, None
    filled = np.concatenate([order, np.repeat(order[:1], missing)])
    weights = np.zeros(len(filled), np.float32)
    weights[: len(order)] = len(filled) / len(order)
    return filled, weights
