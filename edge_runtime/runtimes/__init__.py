"""Interpreters: one module each, and here what they have in common and which of them is installed.

Asking what is installed imports nothing; the heavy import happens when a variant is loaded.
"""

import importlib
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.manifest import Format
from edge_runtime.errors import InterpreterMissing
from edge_runtime.frozen import dataclass
from edge_runtime.scores import Quantisation


class Runtime(Protocol):
    """A loaded variant. `invoke` is called from one thread at a time.

    Attributes:
        name: Interpreter and version, as ``ai-edge-litert 2.3.0``.
        input_shape: ``(1, height, width, 3)``.
        input_dtype: ``uint8`` in every file this kit made.
        output_shape: ``(1, labels)``.
        output_quantisation: How an integer output means scores; None for a float one.
    """

    name: str
    input_shape: tuple[int, ...]
    input_dtype: np.dtype[np.generic]
    output_shape: tuple[int, ...]
    output_quantisation: Quantisation | None

    def invoke(self, pixels: NDArray[np.uint8]) -> NDArray[np.generic]:
        """Returns the raw output ``[1, labels]`` for uint8 RGB ``[1, height, width, 3]``."""


@dataclass(frozen=True)
class Interpreter:
    """An interpreter this kit can use.

    Attributes:
        package: What pip installs.
        module: What Python imports.
        extra: The extra of edge-runtime's wheel that brings it.
        format: What it reads.
        adapter: Our module that drives it.
        advice: The command that installs it, with what must be known before.
    """

    package: str
    module: str
    extra: str
    format: Format
    adapter: str
    advice: str

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.module) is not None

    @property
    def fingerprint(self) -> str:
        """What changes with another version of it, found without importing it (ONNX Runtime takes 60 ms); "" if absent.

        The name of the folder that pip keeps beside the module, as ``onnxruntime-1.31.1.dist-info``; without one, when
        the module was changed last.
        """
        spec = importlib.util.find_spec(self.module)
        if spec is None or spec.origin is None:
            return ""
        folder, stem = Path(spec.origin).parent.parent, f"{self.module}-"
        beside = sorted(name for name in os.listdir(folder) if name.startswith(stem) and name.endswith("-info"))
        return beside[-1] if beside else f"{stem}{os.stat(spec.origin).st_mtime_ns}"

    def load(self, path: Path, threads: int, content: bytes | None = None) -> Runtime:
        """Returns a variant, ready to be invoked.

        Args:
            path: Its file.
            threads: How many it may use.
            content: The file's bytes where they were read already; else the interpreter reads the file itself, and
                maps it into memory where it can.

        Raises:
            VariantError: The interpreter does not import, or does not take the file.
        """
        adapter = importlib.import_module(self.adapter)
        load: Callable[[Interpreter, Path, int, bytes | None], Runtime] = adapter.load
        return load(self, path, threads, content)


# In order of preference within a format.
INTERPRETERS = (
    Interpreter(
        "ai-edge-litert", "ai_edge_litert", "litert", "tflite", "edge_runtime.runtimes.litert",
        "pip install ai-edge-litert (64-bit systems)",
    ),
    Interpreter(
        "tflite-runtime", "tflite_runtime", "tflite", "tflite", "edge_runtime.runtimes.litert",
        "pip install 'tflite-runtime==2.14.0' 'numpy<2' (old boards, Python up to 3.11)",
    ),
    Interpreter(
        "onnxruntime", "onnxruntime", "onnx", "onnx", "edge_runtime.runtimes.onnx",
        "pip install onnxruntime",
    ),
)  # fmt: skip


def readable(format: Format) -> bool:
    """Tells whether an interpreter for `format` is installed."""
    return any(interpreter.installed for interpreter in INTERPRETERS if interpreter.format == format)


def find(format: Format) -> Interpreter:
    """Returns the preferred installed interpreter for `format`.

    Raises:
        InterpreterMissing: None is installed; the message names the extra and the command.
    """
    able = [interpreter for interpreter in INTERPRETERS if interpreter.format == format]
    for interpreter in able:
        if interpreter.installed:
            return interpreter
    first = able[0]
    raise InterpreterMissing(
        f"no interpreter for .{format} files is installed; install the extra '{first.extra}' of edge-runtime, "
        f"or: {first.advice}"
    )
