"""The golden samples of a bundle: which pictures, and what each variant said of them."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_runtime.bundle import golden
from edge_runtime.bundle.golden import GoldenSample, GoldenSamples
from edge_runtime.scores import Scores
from edge_runtime.stages.prepared import Split

MOST = 10  # pictures, at most one a label: together a few kB, and a few ms on a device


def choose(labels: NDArray[np.int64]) -> list[int]:
    """Returns the indices of the golden samples in a split: the first picture of each label, at most 10."""
    _, first = np.unique(labels, return_index=True)
    return [int(index) for index in first[:MOST]]


def files(split: Split, chosen: Sequence[int], labels: Sequence[str], scores: dict[str, Scores]) -> dict[str, bytes]:
    """Returns the golden files by their path in the bundle.

    Args:
        split: The test split.
        chosen: From `choose`.
        labels: Names of the labels.
        scores: By variant, float32 ``[len(chosen), labels]``.
    """
    content, samples = {}, []
    for number, index in enumerate(chosen):
        path = f"golden/{number:02d}.png"
        content[path] = _png(split.pixels[index])
        own = {variant: tuple(float(score) for score in rows[number]) for variant, rows in scores.items()}
        samples.append(GoldenSample(path, labels[split.labels[index]], own))
    content[golden.FILE_NAME] = GoldenSamples(tuple(samples)).to_bytes()
    return content


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
