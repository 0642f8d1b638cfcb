"""Arrays from a file of PyTorch's, in its format of before 1.6, without PyTorch.

Such a file is five pickles and then the bytes of every storage. A pickle may name any function to call; here it gets
those few that make a table of tensors, and everything else is refused. What the format is, says ``_legacy_load`` in
PyTorch's ``torch/serialization.py``.
"""

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
LENGTH = np.dtype("<i8")  # of a storage, in elements, before its bytes


@dataclass(frozen=True)
class _Tensor:
    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read(file: BinaryIO) -> dict[str, NDArray[Any]]:
    """Returns the arrays by their names.

    Args:
        file: At its beginning.

    Raises:
        ValueError: It is no such file, is cut off, or holds more than tensors.
    """
    try:
        return _read(file)
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"no file of PyTorch's older format: {error}") from error


def _read(file: BinaryIO) -> dict[str, NDArray[Any]]:
    if (_Tensors(file).load(), _Tensors(file).load()) != (MAGIC, PROTOCOL):
        raise ValueError("no file of PyTorch's older format")
    if not _Tensors(file).load()["little_endian"]:
        raise ValueError("numbers with their highest byte first")
    tensors = _Tensors(file)
    table = tensors.load()
    storages = {}
    for key in _Tensors(file).load():
        kind = tensors.kinds[key]
        (length,) = np.frombuffer(_taken(file, LENGTH.itemsize), LENGTH)
        storages[key] = np.frombuffer(_taken(file, int(length) * kind.itemsize), kind)
    return {name: _array(storages[tensor.storage], tensor) for name, tensor in table.items()}


def _taken(file: BinaryIO, count: int) -> bytes:
    content = file.read(count)
    if len(content) < count:
        raise EOFError("cut off")
    return content


def _array(storage: NDArray[Any], tensor: _Tensor) -> NDArray[Any]:
    last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
    if tensor.offset < 0 or last >= len(storage) or min(tensor.strides, default=0) < 0:
        raise ValueError("a tensor goes beyond its storage")
    steps = [step * storage.itemsize for step in tensor.strides]
    return np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, steps, writeable=False).copy()


class _Tensors(pickle.Unpickler):
    """Reads one pickle, in which a storage stands for its key."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.kinds: dict[str, np.dtype[Any]] = {}

    def persistent_load(self, pid: Any) -> str:
        _, kind, key, *_ = pid
        self.kinds[key] = kind
        return str(key)

    def find_class(self, module: str, name: str) -> Any:
        try:
            return NAMED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is neither tensor nor table") from None


NAMED: dict[tuple[str, str], Any] = {
    ("torch._utils", "_rebuild_tensor_v2"): lambda storage, *where: _Tensor(storage, *where[:3]),
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
    ("collections", "OrderedDict"): OrderedDict,
}
