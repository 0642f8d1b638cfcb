"""A full disk under what an export writes on the way: no recipe's fault, and no other recipe would fare better."""

import os

from edge_runtime.disk import FULL
from edge_runtime.errors import EdgeError


class DiskFullError(EdgeError):
    """There is no room for temporary files."""


def is_full(error: BaseException) -> bool:
    """Whether `error` says that a disk is full; TensorFlow's and ONNX Runtime's own errors do so in their text."""
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    return any(os.strerror(code) in str(error) for code in FULL)
