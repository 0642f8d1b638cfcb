import gzip
import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import SPLITS
from train.datasets.mnist import DIGESTS, NPZ, Mnist
from train.datasets.places import KerasDownload, keras_home
from train.preparation.prepare import prepare

COUNTS = {"train": 600, "t10k": 100}


def idx(array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    """An array in the format of the official files, written without the kit's parser."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.fixture
def files() -> dict[str, bytes]:
    """The four files, of a hundredth of the pictures."""
    made = {}
    for part, count in COUNTS.items():
        pixels = np.random.default_rng(count).integers(0, 256, (count, 28, 28), np.uint8)
        made[f"{part}-images-idx3-ubyte"] = idx(pixels)
        made[f"{part}-labels-idx1-ubyte"] = idx(np.arange(count, dtype=np.uint8) % 10)
    return made


def digests(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def as_npz(files: dict[str, bytes], path: Path) -> str:
    """Writes the file that Keras downloads, and returns its digest."""
    arrays: dict[str, Any] = {}
    for part, keras in (("train", "train"), ("t10k", "test")):
        pixels = np.frombuffer(files[f"{part}-images-idx3-ubyte"], np.uint8, offset=16)
        arrays[f"x_{keras}"] = pixels.reshape(-1, 28, 28)
        arrays[f"y_{keras}"] = np.frombuffer(files[f"{part}-labels-idx1-ubyte"], np.uint8, offset=8)
    np.savez_compressed(path, **arrays)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("called", ["{}", "{}.gz", "dotted"])
def test_the_official_files_are_read_compressed_or_not(called: str, files: dict[str, bytes], tmp_path: Path) -> None:
    for name, content in files.items():
        path = tmp_path / (name.replace("-idx", ".idx") if called == "dotted" else called.format(name))
        path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    found = Mnist(tmp_path, digests=digests(files)).find(seed=0)
    assert {name: len(found.splits[name]) for name in SPLITS} == {"train": 540, "validation": 60, "test": 100}
    assert [sample.label for sample in found.splits["test"]] == [number % 10 for number in range(100)]
    assert found.splits["test"][17].name == "test/17"
    first = np.frombuffer(files["t10k-images-idx3-ubyte"], np.uint8, 28 * 28, offset=16).reshape(28, 28)
    assert np.array_equal(np.asarray(found.splits["test"][0].picture), first)


def test_keras_file_gives_the_very_same_dataset(files: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "idx").mkdir()
    (tmp_path / "keras").mkdir()
    for name, content in files.items():
        (tmp_path / "idx" / name).write_bytes(content)
    digest = as_npz(files, tmp_path / "keras" / NPZ)
    spec = PreprocessingSpec((28, 28))
    one = prepare(Mnist(tmp_path / "idx", digests=digests(files)), spec, 0, tmp_path / "one").prepared
    two = prepare(Mnist(tmp_path / "keras", npz_digest=digest), spec, 0, tmp_path / "two").prepared
    assert one.digest == two.digest
    assert one.record.grey


def test_a_file_with_another_content_is_refused_by_name(files: dict[str, bytes], tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DatasetError, match=r"train-images-idx3-ubyte: content of sha256 ba891046e650… expected"):
        Mnist(tmp_path).find(seed=0)
    for name in files:
        (tmp_path / name).unlink()
    as_npz(files, tmp_path / NPZ)
    with pytest.raises(DatasetError, match=r"mnist\.npz: content of sha256 731c5ac60275… expected"):
        Mnist(tmp_path).find(seed=0)
    (tmp_path / NPZ).write_bytes(b"not a zip file")
    with pytest.raises(DatasetError, match=r"mnist\.npz: cannot be read: .*; get the file again"):
        Mnist(tmp_path, npz_digest=hashlib.sha256(b"not a zip file").hexdigest()).find(seed=0)


def test_a_data_directory_without_the_files_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"train-images-idx3-ubyte, .* missing .*, and no mnist\.npz either"):
        Mnist(tmp_path)


def test_what_keras_has_downloaded_is_not_downloaded_again(
    files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    digest = as_npz(files, keras_home() / "datasets" / NPZ)
    found = Mnist(places=[KerasDownload("mnist", 11)], npz_digest=digest).find(seed=0)
    assert found.origin == str(tmp_path / "datasets")


def test_its_digests_are_those_that_keras_checks() -> None:
    import keras.src.datasets.mnist as theirs

    source = Path(theirs.__file__).read_text()
    assert Mnist().npz_digest in source
    assert len(set(DIGESTS.values())) == 4
