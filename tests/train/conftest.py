"""A small real dataset that trains in seconds: the first pictures of each split of Fashion-MNIST."""

from pathlib import Path

import pytest

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.stages.prepared import SPLITS, Prepared, Split, write_prepared
from train.datasets.fashion_mnist import FashionMnist
from train.preparation.prepare import prepare

SMALL = {"train": 2000, "validation": 500, "test": 500}


@pytest.fixture(scope="session")
def fashion_mnist(fashion_mnist_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """All of Fashion-MNIST, prepared."""
    out = tmp_path_factory.mktemp("prepared") / "fashion mnist"
    return prepare(FashionMnist(fashion_mnist_files), PreprocessingSpec((28, 28)), 0, out).prepared


@pytest.fixture(scope="session")
def small(fashion_mnist: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """2,000 pictures to train on, 500 to validate, 500 to test."""
    whole = {name: fashion_mnist.split(name) for name in SPLITS}
    record = fashion_mnist.record
    return write_prepared(
        tmp_path_factory.mktemp("prepared") / "small",
        name=record.name,
        origin=record.origin,
        grey=record.grey,
        spec=record.spec,
        seed=record.seed,
        splits={name: Split(part.pixels[: SMALL[name]], part.labels[: SMALL[name]]) for name, part in whole.items()},
    )
