"""ONNX files through ONNX Runtime's CPU provider."""

import importlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import VariantError
from edge_runtime.runtimes import Interpreter
from edge_runtime.scores import Quantisation

DTYPES = {"tensor(uint8)": "uint8", "tensor(int8)": "int8", "tensor(float)": "float32", "tensor(float16)": "float16"}
# Since 1.31 ONNX Runtime keeps an identifier of the machine in ~/.cache and reports over the network; read at import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
QUIET = 3  # errors only: warnings about the host's devices would end up among the results' reader's messages


class OnnxRuntime:
    """An ONNX variant; see `edge_runtime.runtimes.Runtime`."""

    output_quantisation: Quantisation | None = None  # ONNX files of this kit give float scores

    def __init__(self, name: str, session: Any) -> None:
        self.name = name
        self._session = session
        (wanted,), (given,) = session.get_inputs(), session.get_outputs()
        self._input, self._outputs = wanted.name, [given.name]
        self.input_shape = tuple(wanted.shape)
        self.input_dtype: np.dtype[np.generic] = np.dtype(DTYPES.get(wanted.type, "object"))
        self.output_shape = tuple(given.shape)

    def invoke(self, pixels: NDArray[np.uint8]) -> NDArray[np.generic]:
        raw: NDArray[np.generic] = self._session.run(self._outputs, {self._input: pixels})[0]
        return raw


def load(which: Interpreter, path: Path, threads: int, content: bytes | None = None) -> OnnxRuntime:
    """Returns the variant at `path`, or in `content` if that was read already.

    Raises:
        VariantError: ONNX Runtime does not import here, or refuses the file.
    """
    try:
        onnxruntime = importlib.import_module(which.module)
        name = f"{which.package} {onnxruntime.__version__}"
    except (ImportError, AttributeError) as error:
        raise VariantError(f"{which.package} is installed but does not import: {error}; {which.advice}") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1  # a classifier's graph is a chain: nothing runs side by side
    options.log_severity_level = QUIET
    try:
        model = str(path) if content is None else content
        return OnnxRuntime(name, onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"]))
    except Exception as error:  # ONNX Runtime's exceptions share no base class but Exception
        raise VariantError(f"{path}: {name} cannot run it: {str(error).strip().splitlines()[0]}") from error
