"""The named conversions: what each makes, with which function, and how exact it is from machine to machine."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.manifest import Format
from edge_runtime.bundle.spec import ModelSpec
from edge_runtime.console import did_you_mean
from edge_runtime.errors import UsageError

if TYPE_CHECKING:
    from export.conversion.graph import DeployedGraph

# How far a golden score may be from the one at export; `python -m tools.benchmarks.tolerances` measures it, here with
# Fashion-MNIST's CNN and EfficientNet-Lite0 (on arm64 the CNN alone). Weights of every kind with arithmetic in float32
# differ by rounding: by 4e-6 at most. Where activations are int8, kernels other than those at export (tflite-runtime
# 2.14's, XNNPACK off, ONNX Runtime's plain ones) round some the other way: at most 0.069 for full int8, 0.038 for
# dynamic int8 and for ONNX. Kernels that saturate move scores by 0.34 and 0.89.
FLOAT_TOLERANCE = 0.0001
INT8_TOLERANCE = 0.1


@dataclass(frozen=True)
class Recipe:
    """A named conversion; its name is the variant's file name.

    Attributes:
        name: Such as ``full_int8.tflite``.
        summary: A line for `--list-recipes`.
        calibrated: Whether it needs a representative dataset.
        tolerance: How far a golden score may be off on another machine.
        usual: Whether it is made when nobody says which.
    """

    name: str
    summary: str
    calibrated: bool
    tolerance: float
    usual: bool = True

    @property
    def format(self) -> Format:
        return "onnx" if self.name.endswith(".onnx") else "tflite"

    @property
    def bits(self) -> int:
        """Bits that a weight takes, the last number of the name: which of two recipes gives the smaller file."""
        return int(re.findall(r"\d+", self.name)[-1])

    def convert(self, graph: "DeployedGraph", calibration: NDArray[np.uint8]) -> bytes:
        """Returns the converted file's content.

        Args:
            graph: What to convert.
            calibration: uint8 ``[n, h, w, 3]``; only calibrated recipes look at it.

        Raises:
            Exception: Whatever the converter raises.
        """
        function: Callable[[Any, Any], bytes] = getattr(self._converters(), self.name.rpartition(".")[0])
        return function(graph, calibration)

    def with_metadata(self, content: bytes, spec: ModelSpec, name: str, version: str) -> bytes:
        """Returns a file this recipe made with what its readers expect to be told in it.

        Args:
            content: The file.
            spec: The model's.
            name: The model's.
            version: The model's.
        """
        if self.format == "onnx":
            from export.conversion import onnx_metadata

            return onnx_metadata.with_metadata(content, spec, name, version)
        from export.conversion import tflite_metadata

        return tflite_metadata.with_metadata(content, spec, name, version)

    def minimum_runtime(self, content: bytes) -> str:
        """Returns the oldest interpreter that runs a file this recipe made."""
        return str(self._converters().minimum_runtime(content))

    def _converters(self) -> Any:
        # TensorFlow takes seconds to import: not for --help, --list-recipes or a typing mistake.
        if self.format == "onnx":
            from export.conversion import to_onnx

            return to_onnx
        from export.conversion import to_tflite

        return to_tflite


FLOAT, INT8 = FLOAT_TOLERANCE, INT8_TOLERANCE
# In figures: Fashion-MNIST's CNN of 971 kB, 93 µs a picture on x86-64 with ai-edge-litert 2.3, one thread.
RECIPES = (
    Recipe("float32.tflite", "weights and arithmetic in float32; the largest", False, FLOAT),
    Recipe("float16.tflite", "weights in float16, half the size; arithmetic in float32", False, FLOAT),
    # 254 kB, agreement 0.9990, 93 µs; alike to 1e-6 in tflite-runtime 2.14 and every ai-edge-litert since 1.0.1.
    Recipe(
        "weight_int8.tflite", "weights in int8, a quarter of the size; float32's speed, nearly its scores", False, FLOAT
    ),
    # 133 kB, agreement 0.9837, 455 µs: the weights are unpacked again for each picture.
    Recipe(
        "weight_int4.tflite", "weights in int4, for the least storage; slower than float32", False, FLOAT, usual=False
    ),
    Recipe("dynamic_int8.tflite", "weights in int8, activations quantised while it runs", False, INT8),
    Recipe("full_int8.tflite", "all in int8, uint8 in and out; small and fast, for any CPU", True, INT8),
    # Agreement 0.9986 where full int8 has 0.9977, but 3.3 ms: CPUs have reference kernels for it. The proof of 10,000
    # pictures takes a minute here, and an hour for a network of EfficientNet-Lite0's size.
    Recipe(
        "int16x8.tflite",
        "int8 weights, int16 activations: for NPUs and DSPs that have it; slow on CPUs",
        True,
        INT8,
        usual=False,
    ),
    Recipe("float32.onnx", "weights and arithmetic in float32, for ONNX Runtime", False, FLOAT),
    Recipe("float16.onnx", "weights in float16, half the size; arithmetic in float32", False, FLOAT),
    # Agreement 0.9958, 177 µs; of EfficientNet-Lite0's 0.62, and 17.9 ms where float32 takes 5.7.
    Recipe(
        "dynamic_int8.onnx",
        "weights in 8 bits, activations quantised while it runs; slow where layers are convolutions",
        False,
        INT8,
        usual=False,
    ),
    Recipe("int8.onnx", "static int8 (QDQ, per channel), for ONNX Runtime on ARM, and x86-64 with VNNI", True, INT8),
)
# Not asked for by name: by the recipe whose file they take the place of, made where that does not pass the gate.
MIXED = {
    "full_int8.tflite": Recipe(
        "mixed_int8.tflite", "int8 but for the layers that it would hurt; made when full int8 fails", True, INT8
    ),
    "int8.onnx": Recipe(
        "mixed_int8.onnx", "int8 but for the layers that it would hurt; made when int8 fails", True, INT8
    ),
}
USUAL, ALL = "usual", "all"


def select(names: str) -> tuple[Recipe, ...]:
    """Returns the recipes called `names`, separated by commas; ``usual`` and ``all`` stand for several.

    The stem of a name is enough where only one recipe has it.

    Raises:
        UsageError: There is no such recipe, or more than one.
    """
    chosen: dict[str, Recipe] = {}
    for name in (word.strip() for word in names.split(",")):
        chosen |= {recipe.name: recipe for recipe in _called(name)}
    return tuple(chosen.values())


def _called(name: str) -> tuple[Recipe, ...]:
    if name in (ALL, USUAL):
        return tuple(recipe for recipe in RECIPES if recipe.usual or name == ALL)
    found = [recipe for recipe in RECIPES if name in (recipe.name, recipe.name.rpartition(".")[0])]
    if len(found) == 1:
        return tuple(found)
    if found:
        raise UsageError(f"--recipes: '{name}' could be {' or '.join(recipe.name for recipe in found)}; say which")
    origins = [origin for origin, mixed in MIXED.items() if name in (mixed.name, mixed.name.rpartition(".")[0])]
    if origins:
        raise UsageError(
            f"--recipes: {name} cannot be asked for, it makes itself where {' or '.join(origins)} loses too much; "
            f"ask for {'that' if len(origins) == 1 else 'one of them'}"
        )
    known = [ALL, USUAL, *(recipe.name for recipe in RECIPES)]
    raise UsageError(f"--recipes: no recipe is called '{name}'{did_you_mean(name, known)}")
