"""What several tests here are made of: a small manifest, pictures, a classifier that sees only brightness."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_runtime.bundle.manifest import GateResult, Manifest, Provenance, Variant
from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.classifier import BundleClassifier, Identity
from edge_runtime.scores import Quantisation

SPEC = ModelSpec(("dark", "bright"), PreprocessingSpec((2, 2)))
IDENTITY = Identity("lamp", "1.0", "0123456789ab", "mean.tflite", "arithmetic 1")
DEADLINE = 20.0  # seconds after which something that should have happened counts as never: liveness, not speed


def variant(name: str = "float32.tflite", path: str = "") -> Variant:
    return Variant(
        name=name,
        path=path or f"variants/{name}",
        format="onnx" if name.endswith("onnx") else "tflite",
        minimum_runtime="any 1.0",
        top1=0.9,
        agreement=1.0,
        tolerance=0.01,
    )


def manifest(name: str = "lamp", version: str = "1.0", variants: tuple[Variant, ...] = (variant(),)) -> Manifest:
    return Manifest(
        schema_version=1,
        name=name,
        version=version,
        spec=SPEC,
        variants=variants,
        gate=GateResult(1.0, 100, 0.9, ()),
        provenance=Provenance("ab" * 32, "lamps", "cd" * 32, {"numpy": "2", "keras": "3"}, None),
        files={},
    )


def contents(size: int = 1000) -> dict[str, bytes]:
    """Files of a bundle that `manifest()` fits; no interpreter would read this variant."""
    return {"labels.txt": b"dark\nbright\n", "variants/float32.tflite": b"\x07" * size, "README.md": b"# lamp\n"}


class Brightness:
    """A `Runtime` that does arithmetic: the score of ``bright`` is the mean of the pixels."""

    name = "arithmetic 1"
    input_dtype: np.dtype[np.generic] = np.dtype(np.uint8)
    output_quantisation: Quantisation | None = None

    def __init__(self, input_shape: tuple[int, ...] = (1, 2, 2, 3), output_shape: tuple[int, ...] = (1, 2)) -> None:
        self.input_shape = input_shape
        self.output_shape = output_shape

    def invoke(self, pixels: NDArray[np.uint8]) -> NDArray[np.generic]:
        bright = pixels.mean() / 255
        return np.array([[1 - bright, bright]], np.float32)


def brightness() -> BundleClassifier:
    return BundleClassifier(Brightness(), SPEC, IDENTITY)


def flat(value: int, size: tuple[int, int] = (2, 2)) -> NDArray[np.uint8]:
    return np.full((*size, 3), value, np.uint8)


def save(path: Path, value: int = 200, size: tuple[int, int] = (8, 6)) -> Path:
    """Writes a grey picture and returns where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(flat(value, size)).save(path)
    return path


def eventually(condition: Callable[[], object], what: str) -> None:
    """Looks until `condition` holds; fails after `DEADLINE`."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)  # between two looks, at what gives no event: another process, a file


def in_a_process(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs `code` in a Python of its own, for what a process can do only to itself."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)
