"""TFLite files through ai-edge-litert, or through its predecessor tflite-runtime: the same interface."""

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.device.native import stderr_without
from edge_runtime.errors import VariantError
from edge_runtime.runtimes import Interpreter
from edge_runtime.scores import Quantisation

# "INFO: Created TensorFlow Lite XNNPACK delegate for CPU." has no switch (google-ai-edge/LiteRT issue 7420).
NOISE = re.compile(rb"INFO: ")


class LiteRtRuntime:
    """A TFLite variant; see `edge_runtime.runtimes.Runtime`."""

    def __init__(self, name: str, interpreter: Any) -> None:
        self.name = name
        self._interpreter = interpreter
        (wanted,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
        self._input, self._output = wanted["index"], given["index"]
        self.input_shape = tuple(int(size) for size in wanted["shape"])
        self.input_dtype: np.dtype[np.generic] = np.dtype(wanted["dtype"])
        self.output_shape = tuple(int(size) for size in given["shape"])
        scale, zero_point = given["quantization"]
        self.output_quantisation = Quantisation(float(scale), int(zero_point)) if scale else None

    def invoke(self, pixels: NDArray[np.uint8]) -> NDArray[np.generic]:
        self._interpreter.set_tensor(self._input, pixels)
        self._interpreter.invoke()
        raw: NDArray[np.generic] = self._interpreter.get_tensor(self._output)
        return raw


def load(which: Interpreter, path: Path, threads: int, content: bytes | None = None) -> LiteRtRuntime:
    """Returns the variant at `path`, or in `content` if that was read already.

    Raises:
        VariantError: The interpreter does not import here, or refuses the file.
    """
    try:
        module = importlib.import_module(f"{which.module}.interpreter")
        version = importlib.import_module(which.module).__version__
    except (ImportError, AttributeError) as error:
        raise VariantError(f"{which.package} is installed but does not import: {error}; {which.advice}") from error
    try:
        with stderr_without(NOISE):
            model = {"model_path": str(path)} if content is None else {"model_content": content}
            interpreter = module.Interpreter(**model, num_threads=threads)
            interpreter.allocate_tensors()
        return LiteRtRuntime(f"{which.package} {version}", interpreter)
    except (ValueError, RuntimeError, TypeError, ImportError) as error:
        # ImportError: tflite-runtime beside numpy 2 imports well and fails here with "_ARRAY_API not found".
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise VariantError(f"{path}: {which.package} {version} cannot run it: {reason}") from error
