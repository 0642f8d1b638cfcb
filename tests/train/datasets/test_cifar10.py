import hashlib
import io
import pickle
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import SPLITS
from train.datasets.cifar10 import ARCHIVE, DIGESTS, INNER, Cifar10, parse_batch
from train.datasets.places import KerasDownload
from train.preparation.prepare import prepare

EACH = 100  # pictures a file; the official ones have 10,000


WRITER: Any = pickle._Pickler  # the one in Python, which can be taught another dialect


class Python2(WRITER):  # type: ignore[misc]
    """Writes what the official files are: Python 2's pickles, in which text is bytes and numpy is an old one."""

    dispatch: ClassVar[dict[type, Any]] = dict(WRITER.dispatch)

    def save_bytes(self, content: bytes) -> None:
        self.write(pickle.BINSTRING + len(content).to_bytes(4, "little") + content)
        self.memoize(content)

    dispatch[bytes] = save_bytes


def batch(number: int) -> bytes:
    """One of the six files, written as the official ones are."""
    pixels = np.random.default_rng(number).integers(0, 256, (EACH, 3072), np.uint8)
    labels = [at % 10 for at in range(EACH)]
    stream = io.BytesIO()
    content = {
        b"data": pixels,
        b"labels": labels,
        b"batch_label": b"training batch",
        b"filenames": [b"leptodactylus_pentadactylus_s_000004.png"] * EACH,
    }
    Python2(stream, protocol=2).dump(content)
    return stream.getvalue().replace(b"numpy._core.multiarray\n", b"numpy.core.multiarray\n")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {name: batch(number) for number, name in enumerate(DIGESTS)}


@pytest.fixture(scope="module")
def archive(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        for name, data in files.items():
            member = tarfile.TarInfo(f"{INNER}/{name}")
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
    return content.getvalue()


@pytest.fixture(scope="module")
def small(files: dict[str, bytes], archive: bytes) -> Callable[..., Cifar10]:
    """Makes the provider with the digests of the small files."""
    digests = {name: hashlib.md5(data, usedforsecurity=False).hexdigest() for name, data in files.items()}
    archived = hashlib.sha256(archive).hexdigest()
    return lambda data=None, **other: Cifar10(data, archive_digest=archived, digests=digests, **other)


def unpack(files: dict[str, bytes], folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def test_archive_and_unpacked_files_give_the_same_dataset(
    files: dict[str, bytes], archive: bytes, small: Callable[..., Cifar10], tmp_path: Path
) -> None:
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / ARCHIVE).write_bytes(archive)
    unpack(files, tmp_path / "unpacked" / INNER)
    places = (
        tmp_path / "packed",
        tmp_path / "packed" / ARCHIVE,
        tmp_path / "unpacked",
        tmp_path / "unpacked" / INNER,
    )
    spec = PreprocessingSpec((32, 32))
    made = [prepare(small(place), spec, 0, tmp_path / str(at)).prepared for at, place in enumerate(places)]
    assert len({prepared.digest for prepared in made}) == 1
    assert made[0].record.counts == {"train": 450, "validation": 50, "test": 100}
    assert not made[0].record.grey


def test_pixels_come_out_as_red_green_and_blue_of_each_place(files: dict[str, bytes]) -> None:
    pixels, labels = parse_batch(files["test_batch"], "here")
    planes = np.random.default_rng(5).integers(0, 256, (EACH, 3072), np.uint8)  # red of all places, then green, blue
    assert pixels[7, 2, 5].tolist() == [planes[7, plane * 1024 + 2 * 32 + 5] for plane in range(3)]
    assert labels[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]


@pytest.mark.parametrize("folder", [f"{INNER}-target/{INNER}", INNER])
def test_what_keras_has_unpacked_is_not_downloaded_again(
    folder: str,
    files: dict[str, bytes],
    small: Callable[..., Cifar10],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    unpack(files, tmp_path / "datasets" / folder)
    found = small(places=[KerasDownload("cifar10", 170)]).find(seed=0)
    assert {name: len(found.splits[name]) for name in SPLITS} == {"train": 450, "validation": 50, "test": 100}


def test_another_content_is_refused_by_name(files: dict[str, bytes], archive: bytes, tmp_path: Path) -> None:
    (tmp_path / ARCHIVE).write_bytes(archive)
    with pytest.raises(DatasetError, match=r"cifar-10-python\.tar\.gz: content of sha256 6d958be07457… expected"):
        Cifar10(tmp_path).find(seed=0)
    unpack(files, tmp_path / "unpacked")
    with pytest.raises(DatasetError, match=r"data_batch_1: content of MD5 c99cafc15224… expected"):
        Cifar10(tmp_path / "unpacked").find(seed=0)
    (tmp_path / "unpacked" / "data_batch_3").unlink()
    with pytest.raises(DatasetError, match=r"nor the unpacked files \(data_batch_3 missing\)"):
        Cifar10(tmp_path / "unpacked")


def test_a_pickle_that_would_run_something_is_refused() -> None:
    class Runs:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("never",)

    with pytest.raises(DatasetError, match=r"CIFAR-10: UnpicklingError: (__builtin__|builtins)\.print has no place"):
        parse_batch(pickle.dumps(Runs(), protocol=2), "here")


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps({b"data": 1}), pickle.dumps([1])])
def test_a_file_of_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(DatasetError, match="here: not a batch of CIFAR-10"):
        parse_batch(content, "here")


def test_its_digest_and_labels_are_those_of_keras() -> None:
    import keras.src.datasets.cifar10 as theirs

    source = Path(theirs.__file__).read_text()
    assert Cifar10().archive_digest in source
    for number, label in enumerate(Cifar10().labels):
        assert f"|   {number}   | {label} " in source
