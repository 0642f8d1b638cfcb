"""The idx format of the MNIST family: a magic number, the sizes, the values. http://yann.lecun.com/exdb/mnist/"""

import gzip
import hashlib
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import DatasetError

UNSIGNED_BYTE = 0x08  # third byte of the magic number; the fourth is the number of dimensions


def read_idx(directory: Path, name: str, sha256: str) -> NDArray[np.uint8]:
    """Returns the array in ``directory/name`` or ``directory/name.gz``.

    Args:
        directory: Where the file is.
        name: Its name without ``.gz``.
        sha256: Of the decompressed content: the same pictures are in circulation under several compressions.

    Raises:
        DatasetError: The file is missing, cannot be read, or is not the one with that digest.
    """
    path = idx_file(directory, name)
    if path is None:
        raise DatasetError(f"{directory}: {name} is missing, with or without .gz")
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path}: cannot be read: {error}; get the file again") from error
    check_digest(path, sha256, hashlib.sha256(content).hexdigest())
    return parse_idx(content, str(path))


def check_digest(path: Path, wanted: str, found: str, kind: str = "sha256") -> None:
    """Makes sure that a file is the one that everybody has.

    Raises:
        DatasetError: It is not.
    """
    if found != wanted:
        raise DatasetError(
            f"{path}: content of {kind} {wanted[:12]}… expected, {found[:12]}… found; "
            "remove the file and get it again, or name another directory with --data"
        )


def idx_file(directory: Path, name: str) -> Path | None:
    """Returns the path of the file called `name`, compressed or not, or None."""
    # With a dot: as Kaggle's copies of MNIST are called.
    names = (f"{name}.gz", name, name.replace("-idx", ".idx"), f"{name.replace('-idx', '.idx')}.gz")
    return next((path for path in (directory / called for called in names) if path.is_file()), None)


def parse_idx(content: bytes, where: str) -> NDArray[np.uint8]:
    """Returns the uint8 array that `content` describes, read-only, with as many dimensions as it says.

    Raises:
        DatasetError: The magic number is not that of unsigned bytes, or the sizes do not fit the length.
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != UNSIGNED_BYTE or content[3] == 0:
        raise DatasetError(
            f"{where}: not an idx file of unsigned bytes, it starts with {content[:4].hex() or 'nothing'}"
        )
    start = 4 + 4 * content[3]
    shape = tuple(int.from_bytes(content[at : at + 4], "big") for at in range(4, start, 4))
    wanted = start + int(np.prod(shape, dtype=np.int64))
    if len(content) != wanted:
        raise DatasetError(f"{where}: {wanted:,} bytes expected for the sizes {shape}, {len(content):,} found")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
