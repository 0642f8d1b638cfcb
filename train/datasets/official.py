"""What datasets have in common that everybody splits the same way: the test split is the official one."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edge_runtime.stages.prepared import SplitName
from train.datasets.dataset import Sample

Labelled = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # pixels [n, h, w] or [n, h, w, 3], labels [n]


def official_splits(train: Labelled, test: Labelled, validation: int, seed: int) -> dict[SplitName, Sequence[Sample]]:
    """Returns the three splits; `validation` of the training pictures, the same share of each label, are drawn."""
    pixels, labels = train
    chosen = stratified(labels, validation, seed)
    return {
        "train": _samples("train", pixels, labels, np.flatnonzero(~chosen)),
        "validation": _samples("train", pixels, labels, np.flatnonzero(chosen)),
        "test": _samples("test", *test, np.arange(len(test[1]))),
    }


def stratified(labels: NDArray[np.uint8], count: int, seed: int) -> NDArray[np.bool_]:
    """Returns a mask ``[n]`` of about `count` places, the same share of each label, drawn with `seed`."""
    chosen = np.zeros(len(labels), dtype=np.bool_)
    draw = np.random.default_rng(seed)
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        chosen[draw.permutation(places)[: round(count * len(places) / len(labels))]] = True
    return chosen


def _samples(part: str, pixels: NDArray[np.uint8], labels: NDArray[np.uint8], at: NDArray[np.intp]) -> list[Sample]:
    """Returns the pictures at these places, called after their place in the official files, as ``train/17``."""
    return [Sample(pixels[place], int(labels[place]), f"{part}/{place}") for place in at.tolist()]
