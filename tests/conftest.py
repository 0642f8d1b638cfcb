"""What many tests share: real Fashion-MNIST, a model trained on a little of it, and the bundle exported from that."""

import signal
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.stages.prepared import Prepared, Split, SplitName, write_prepared
from tests.support import python
from train.datasets.fashion_mnist import DIGESTS, LABELS
from train.datasets.idx import read_idx
from train.datasets.mnist_family import lacking
from train.datasets.places import PLACES, search

# Enough for a model that is right about three times in four, little enough for seconds.
COUNTS: dict[SplitName, int] = {"train": 6000, "validation": 500, "test": 1000}


def pytest_configure() -> None:
    """Lets the tests' programs be interrupted: a shell's background job, and all it starts, ignores SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def fashion_mnist_files() -> Path:
    """The directory with the four files of real Fashion-MNIST, wherever they were found."""
    return search(PLACES, lacking)


@pytest.fixture(scope="session")
def prepared(fashion_mnist_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The first pictures of Fashion-MNIST as a prepared dataset."""
    arrays = {name: read_idx(fashion_mnist_files, name, sha256) for name, sha256 in DIGESTS.items()}
    splits: dict[SplitName, Split] = {}
    start = {"train": 0, "validation": COUNTS["train"], "test": 0}
    for split, count in COUNTS.items():
        stem = "t10k" if split == "test" else "train"
        taken = slice(start[split], start[split] + count)
        pixels = arrays[f"{stem}-images-idx3-ubyte"][taken]
        labels = arrays[f"{stem}-labels-idx1-ubyte"][taken]
        splits[split] = Split(np.repeat(pixels[..., np.newaxis], 3, axis=3), labels.astype(np.int64))
    return write_prepared(
        tmp_path_factory.mktemp("data") / "fashion_mnist",
        name="fashion_mnist",
        origin="the first pictures",
        grey=True,
        spec=ModelSpec(LABELS, PreprocessingSpec((28, 28))),
        seed=0,
        splits=splits,
    )


@pytest.fixture(scope="session")
def run_directory(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, trained for a few epochs on the first pictures."""
    directory = tmp_path_factory.mktemp("runs") / "small"
    done = python(
        "-m", "train", "fit", "--data", prepared.directory, "--run", directory, "--epochs", 4, "--device", "cpu"
    )
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="session")
def bundle(run_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle with every variant, exported from that run. Tests that change it copy it first."""
    directory = tmp_path_factory.mktemp("bundles") / "small"
    done = python("-m", "export", run_directory, "--out", directory, "--recipes", "all")
    assert done.returncode == 0, done.stderr
    return open_bundle(directory)
