from pathlib import Path

import numpy as np
import pytest

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import DatasetError, UsageError
from edge_runtime.preprocess import preprocess
from edge_runtime.stages.prepared import Prepared
from train.commands.prepare import size_from
from train.datasets.dataset import Sample
from train.datasets.fashion_mnist import FashionMnist
from train.preparation.decoding import decoded
from train.preparation.prepare import intact, prepare


def test_the_same_arguments_again_change_nothing(fashion_mnist: Prepared, fashion_mnist_files: Path) -> None:
    before = (fashion_mnist.directory / "dataset.json").stat()
    again = prepare(FashionMnist(fashion_mnist_files), PreprocessingSpec((28, 28)), 0, fashion_mnist.directory)
    assert not again.fresh
    after = (fashion_mnist.directory / "dataset.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_damaged_prepared_dataset_is_not_intact(small: Prepared, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in small.directory.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    assert intact(copy) is not None
    content = bytearray((copy / "test_pixels.npy").read_bytes())
    content[-1] ^= 1
    (copy / "test_pixels.npy").write_bytes(content)
    assert intact(copy) is None
    assert intact(tmp_path / "nowhere") is None


def test_a_directory_of_something_else_is_left_alone(tmp_path: Path, fashion_mnist_files: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DatasetError, match="exists and is not a prepared dataset"):
        prepare(FashionMnist(fashion_mnist_files), PreprocessingSpec((28, 28)), 0, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_every_picture_goes_through_the_device_s_own_preprocessing() -> None:
    spec = PreprocessingSpec((10, 14), "letterbox", "lanczos")
    pictures = [np.random.default_rng(n).integers(0, 256, (20, 30, 3), np.uint8) for n in range(3)]
    results = decoded([Sample(picture, 2) for picture in pictures], spec)
    for result, picture in zip(results, pictures, strict=True):
        assert result.pixels is not None
        assert np.array_equal(result.pixels, preprocess(picture, spec))


def test_sizes_are_height_by_width() -> None:
    assert size_from("96x128") == (96, 128)
    assert size_from("64") == (64, 64)
    for text in ("", "x", "0", "-1", "1x2x3", "1.5", "96×128", "²"):
        with pytest.raises(UsageError, match="--size"):
            size_from(text)
