"""What tests of captures are made of."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from edge_runtime.captures.capture import Capture, Facts, Model, Part, Reason
from edge_runtime.captures.ring import Ring

MODEL = Model("lamp", "1.0", "0123456789ab", "mean.tflite", "arithmetic 1")


def facts(label: str = "dark", reason: Reason = "uncertain", part: Part | None = None) -> Facts:
    best = ((label, 0.55), ("bright", 0.45))
    return Facts("camera:", None, 7, 1_800_000_000.25, label, 0.55, best, MODEL, reason, "by a hair", part)


def picture(number: int, size: tuple[int, int] = (6, 4), format: str = "PNG") -> bytes:
    """Another file for each number."""
    file = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(file, format)
    return file.getvalue()


def keep(ring: Ring, number: int, label: str = "dark") -> Capture:
    """Adds a picture that is not there yet."""
    kept = ring.add(picture(number), ".png", facts(label))
    assert kept
    return kept


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name != ".lock")
