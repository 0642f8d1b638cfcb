import io
import os
import pickle
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from train.models import torch_file
from train.models.efficientnet_lite0 import FILE, PACKAGE


@pytest.fixture(scope="module")
def content() -> bytes:
    return Path(str(distribution(PACKAGE).locate_file(FILE))).read_bytes()


def test_a_file_that_pytorch_wrote_gives_its_arrays(content: bytes) -> None:
    found = torch_file.read(io.BytesIO(content))
    assert found["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert found["_fc.bias"].shape == (1000,)
    assert found["_bn0.num_batches_tracked"].shape == ()
    assert {array.dtype for array in found.values()} == {np.dtype("<f4"), np.dtype("<i8")}
    assert all(np.isfinite(array).all() for array in found.values())
    assert (found["_bn0.running_var"] >= 0).all()


@pytest.mark.parametrize("kept", [0, 10, 1000, 40_000, 1_000_000, -1])
def test_a_file_that_is_cut_off_is_refused(content: bytes, kept: int) -> None:
    with pytest.raises(ValueError, match="no file of PyTorch's older format"):
        torch_file.read(io.BytesIO(content[:kept]))


def test_another_file_is_refused() -> None:
    with pytest.raises(ValueError, match="no file of PyTorch's older format"):
        torch_file.read(io.BytesIO(b"PK\x03\x04 something else"))
    with pytest.raises(ValueError, match="no file of PyTorch's older format"):
        torch_file.read(io.BytesIO(pickle.dumps(1) + pickle.dumps(2)))


class Command:
    """Pickled as a call of what a file must not be able to call."""

    def __init__(self, words: str) -> None:
        self._words = words

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self._words,)


def test_nothing_that_a_file_names_is_called(tmp_path: Path) -> None:
    header = pickle.dumps(torch_file.MAGIC) + pickle.dumps(torch_file.PROTOCOL) + pickle.dumps({"little_endian": True})
    command = pickle.dumps({"x": Command(f"touch {tmp_path}/called")})
    pickle.loads(command)  # it would be
    assert (tmp_path / "called").exists()
    (tmp_path / "called").unlink()
    with pytest.raises(ValueError, match=r"system is neither tensor nor table"):
        torch_file.read(io.BytesIO(header + command))
    assert not (tmp_path / "called").exists()
