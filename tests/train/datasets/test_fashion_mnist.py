import gzip
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import Prepared
from train.datasets.fashion_mnist import DIGESTS, FashionMnist
from train.datasets.official import stratified
from train.datasets.places import Directory


def idx(path: Path, header: int) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    """An idx file's values, read without the kit's parser."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header)


def test_the_test_split_is_the_official_one_in_its_order(fashion_mnist: Prepared, fashion_mnist_files: Path) -> None:
    test = fashion_mnist.split("test")
    pixels = idx(fashion_mnist_files / "t10k-images-idx3-ubyte.gz", 16).reshape(10_000, 28, 28)
    assert np.array_equal(test.pixels, np.repeat(pixels[..., None], 3, axis=-1))
    assert np.array_equal(test.labels, idx(fashion_mnist_files / "t10k-labels-idx1-ubyte.gz", 8))


def test_train_and_validation_are_the_official_training_pictures(
    fashion_mnist: Prepared, fashion_mnist_files: Path
) -> None:
    pixels = idx(fashion_mnist_files / "train-images-idx3-ubyte.gz", 16).reshape(60_000, 28, 28)
    labels = idx(fashion_mnist_files / "train-labels-idx1-ubyte.gz", 8)
    chosen = stratified(labels, 6_000, seed=0)
    for name, mask in (("train", ~chosen), ("validation", chosen)):
        split = fashion_mnist.split(name)  # type: ignore[arg-type]  # mypy reads str, not the two names
        assert np.array_equal(split.pixels[..., 0], pixels[mask])
        assert np.array_equal(split.labels, labels[mask])


def test_validation_has_600_pictures_of_each_label(fashion_mnist: Prepared) -> None:
    assert np.bincount(fashion_mnist.split("validation").labels).tolist() == [600] * 10
    assert fashion_mnist.record.counts == {"train": 54_000, "validation": 6_000, "test": 10_000}
    assert fashion_mnist.record.grey


def test_the_split_follows_from_the_seed() -> None:
    labels = np.repeat(np.arange(10, dtype=np.uint8), 100)
    assert np.array_equal(stratified(labels, 100, 1), stratified(labels, 100, 1))
    assert not np.array_equal(stratified(labels, 100, 1), stratified(labels, 100, 2))


@pytest.mark.parametrize("name", DIGESTS)
def test_a_flipped_byte_in_any_file_is_refused_by_name(tmp_path: Path, fashion_mnist_files: Path, name: str) -> None:
    for other in DIGESTS:
        (tmp_path / f"{other}.gz").symlink_to(fashion_mnist_files / f"{other}.gz")
    content = bytearray(gzip.decompress((tmp_path / f"{name}.gz").read_bytes()))
    content[-1] ^= 1
    (tmp_path / f"{name}.gz").unlink()
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=f"{name}: content of sha256 {DIGESTS[name][:12]}… expected"):
        FashionMnist(tmp_path).find(seed=0)


def test_a_data_directory_without_the_files_is_an_error_at_once(tmp_path: Path, fashion_mnist_files: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte.gz").touch()
    with pytest.raises(DatasetError, match=f"--data {tmp_path}: train-labels-idx1-ubyte, t10k-images"):
        FashionMnist(tmp_path, places=[Directory("a place that has them", lambda: fashion_mnist_files)])


def test_without_a_data_directory_the_places_are_searched(tmp_path: Path, fashion_mnist_files: Path) -> None:
    places = [
        Directory("the first", lambda: tmp_path / "nowhere"),
        Directory("the second", lambda: fashion_mnist_files),
    ]
    assert FashionMnist(places=places).find(seed=0).origin == str(fashion_mnist_files)
