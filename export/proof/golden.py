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
from export.proof.parity import Reference

EACH = 3  # pictures of a label, if there is room
# A device judges them all whenever it loads the bundle. On x86-64 30 pictures of 28 × 28 take 16 ms of that (10 take
# 12) and 24 kB; 19 of 224 × 224 take 0.17 s with EfficientNet-Lite0 in float32, 0.11 s in int8, and 1.6 MB.
MOST = 60
FEWEST = 10
PIXELS = 1_000_000  # of all pictures together
SCORES = 20_000  # of all pictures and labels, a variant: its text is read and checked, too
DIGITS = 3  # of a margin that count: another processor's rounding must not choose other pictures
UNSURE = 0.5  # a margin of scores, as of 0.75 and 0.25


def choose(reference: Reference, size: tuple[int, int]) -> list[int]:
    """Returns the indices of the golden samples in a split: of each label undecided pictures and typical ones.

    With more labels than there is room for, every so many-th label gives one picture.

    Args:
        reference: The Keras model's scores for the split, and the labels.
        size: Height and width of a picture.
    """
    room = _room(size, reference.scores.shape[1])
    two = np.sort(reference.scores, axis=1)[:, -2:]
    margin = np.round(two[:, 1] - two[:, 0], DIGITS)
    labels = np.unique(reference.labels)
    if len(labels) > room:
        labels = labels[np.linspace(0, len(labels) - 1, room).astype(int)]
    each = min(EACH, room // len(labels))
    chosen: list[int] = []
    for number, label in enumerate(labels):
        own = np.flatnonzero(reference.labels == label)
        found = _kinds(own, margin[own])
        chosen += found[:each] if each > 1 else [found[number % 2]]
    return list(dict.fromkeys(chosen))  # of a label with few pictures two kinds are the same one


def _kinds(own: NDArray[np.int64], margin: NDArray[np.float32]) -> list[int]:
    """Returns an undecided picture, a typical and an unsure one of a label.

    Where two labels are nearly equal, scores move most with what a kernel does: 13 of 30 such pictures show that
    products of uint8 and int8 saturate on x86-64 with AVX2 and without VNNI, which changes 13 labels of 300; of the 10
    first pictures, one a label, none does. Where one label is certain, what is wholly wrong shows.
    """
    order = np.argsort(margin, kind="stable")
    return [int(own[place]) for place in (order[0], order[len(order) // 2], np.argmin(np.abs(margin - UNSURE)))]


def _room(size: tuple[int, int], labels: int) -> int:
    """Returns how many pictures a device can be asked to judge at each start."""
    return max(FEWEST, min(MOST, PIXELS // (size[0] * size[1]), SCORES // labels))


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
        # The shortest text that gives the same float32 back: half of what the float64 behind it takes.
        own = {variant: tuple(float(str(score)) for score in rows[number]) for variant, rows in scores.items()}
        samples.append(GoldenSample(path, labels[split.labels[index]], own))
    content[golden.FILE_NAME] = GoldenSamples(tuple(samples)).to_bytes()
    return content


def _png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
