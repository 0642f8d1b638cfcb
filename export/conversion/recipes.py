"""The named conversions: what each makes, with which function, and how exact it is from machine to machine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.manifest import Format
from edge_runtime.console import did_you_mean
from edge_runtime.errors import UsageError

if TYPE_CHECKING:
    from export.conversion.graph import DeployedGraph

# How far a golden score may be from the one at export. Float files differ between machines by rounding alone: 4.5e-8
# from x86-64 to arm64. int8 files give the same bytes there, but another interpreter may round an activation the other
# way: a score of an undecided picture moved by 0.053 from ai-edge-litert 2.3 to tflite-runtime 2.14, on x86-64, arm64
# and 32-bit ARM alike. Half of it is for deeper networks.
FLOAT_TOLERANCE = 0.001
INT8_TOLERANCE = 0.1


@dataclass(frozen=True)
class Recipe:
    """A named conversion; its name is the variant's file name.

    Attributes:
        name: Such as ``full_int8.tflite``.
        summary: A line for `--list-recipes`.
        calibrated: Whether it needs a representative dataset.
        tolerance: How far a golden score may be off on another machine.
    """

    name: str
    summary: str
    calibrated: bool
    tolerance: float

    @property
    def format(self) -> Format:
        return "onnx" if self.name.endswith(".onnx") else "tflite"

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


RECIPES = (
    Recipe("float32.tflite", "weights and arithmetic in float32; the largest", False, FLOAT_TOLERANCE),
    Recipe("float16.tflite", "weights in float16, half the size; arithmetic in float32", False, FLOAT_TOLERANCE),
    Recipe("dynamic_int8.tflite", "weights in int8, activations quantised while it runs", False, INT8_TOLERANCE),
    Recipe("full_int8.tflite", "all in int8, uint8 in and out; smallest, for any CPU", True, INT8_TOLERANCE),
    Recipe("float32.onnx", "weights and arithmetic in float32, for ONNX Runtime", False, FLOAT_TOLERANCE),
    Recipe("int8.onnx", "static int8 (QDQ, per channel), for ONNX Runtime", True, INT8_TOLERANCE),
)


def select(names: str) -> tuple[Recipe, ...]:
    """Returns the recipes called `names`, separated by commas; ``all`` for all of them.

    The stem of a name is enough where only one recipe has it.

    Raises:
        UsageError: There is no such recipe.
    """
    if names == "all":
        return RECIPES
    known = {recipe.name: recipe for recipe in RECIPES}
    stems = [recipe.name.rpartition(".")[0] for recipe in RECIPES]
    short = {stem: recipe for stem, recipe in zip(stems, RECIPES, strict=True) if stems.count(stem) == 1}
    chosen = {}
    for name in (word.strip() for word in names.split(",")):
        recipe = known.get(name) or short.get(name)
        if recipe is None:
            raise UsageError(f"--recipes: no recipe is called '{name}'{did_you_mean(name, known)}")
        chosen[recipe.name] = recipe
    return tuple(chosen.values())
