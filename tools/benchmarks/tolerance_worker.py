"""Gives a variant's scores under one interpreter. Runs in environments of its own, and under emulation.

    python tolerance_worker.py MODEL PIXELS.npy SCORES.npy --threads N --kernels KERNELS

Needs numpy, the interpreter and this checkout on PYTHONPATH. PIXELS is uint8 ``[n, h, w, 3]``, SCORES what
`edge_runtime` makes of the answers, float32 ``[n, labels]``. Prints the interpreter's name.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime.bundle.manifest import Format
from edge_runtime.runtimes import Runtime, find
from edge_runtime.scores import to_scores

# What an interpreter computes with: as the kit asks it to, without XNNPACK, with the slow kernels that define what
# TFLite's operators mean, or without ONNX Runtime's rewriting of the graph.
KERNELS = ("usual", "builtin", "reference", "plain")


def loaded(path: Path, threads: int, kernels: str) -> Runtime:
    """Returns the variant, ready to be invoked.

    Raises:
        Exception: What the interpreter raises for a file it does not take.
    """
    format: Format = "onnx" if path.suffix == ".onnx" else "tflite"
    which = find(format)
    if kernels == "usual":
        return which.load(path, threads)
    if format == "onnx":
        return _plain(path, threads)
    return _resolved(which.module, which.package, path, threads, kernels)


def _plain(path: Path, threads: int) -> Runtime:
    import onnxruntime

    from edge_runtime.runtimes.onnx import OnnxRuntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    return OnnxRuntime(f"onnxruntime {onnxruntime.__version__}", session)


def _resolved(module: str, package: str, path: Path, threads: int, kernels: str) -> Runtime:
    import importlib

    from edge_runtime.runtimes.litert import LiteRtRuntime

    interpreters: Any = importlib.import_module(f"{module}.interpreter")
    resolvers = interpreters.OpResolverType
    resolver = resolvers.BUILTIN_REF if kernels == "reference" else resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = interpreters.Interpreter(
        model_path=str(path), num_threads=threads, experimental_op_resolver_type=resolver
    )
    interpreter.allocate_tensors()
    return LiteRtRuntime(f"{package} {importlib.import_module(module).__version__}", interpreter)


def main() -> None:
    parser = argparse.ArgumentParser("tolerance_worker")
    parser.add_argument("model", type=Path)
    parser.add_argument("pixels", type=Path)
    parser.add_argument("scores", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--kernels", choices=KERNELS, default="usual")
    arguments = parser.parse_args()
    runtime = loaded(arguments.model, arguments.threads, arguments.kernels)
    pixels = np.load(arguments.pixels, mmap_mode="r")
    found = [to_scores(runtime.invoke(one[np.newaxis]), runtime.output_quantisation) for one in pixels]
    np.save(arguments.scores, np.stack(found))
    print(runtime.name)


if __name__ == "__main__":
    main()
