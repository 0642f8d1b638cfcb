"""Datasets by name. A new one is a module that fulfils `Dataset` and a line in `DATASETS`."""

from collections.abc import Callable
from pathlib import Path

from edge_runtime.console import did_you_mean
from edge_runtime.errors import UsageError
from train.datasets.dataset import Dataset
from train.datasets.fashion_mnist import FashionMnist
from train.datasets.folder import Folder

__all__ = ["DATASETS", "Dataset", "dataset_called"]


def _fashion_mnist(argument: str, data: Path | None) -> Dataset:
    if argument:
        raise UsageError(f"fashion_mnist:{argument}: fashion_mnist takes no path here; say --data {argument}")
    return FashionMnist(data)


def _folder(argument: str, data: Path | None) -> Dataset:
    if not argument:
        raise UsageError("folder: which one? Say folder:PATH, with one sub-folder of pictures for each label")
    if data is not None:
        raise UsageError(f"--data {data}: a folder's path stands behind the colon, as in folder:{data}")
    return Folder(Path(argument))


DATASETS: dict[str, Callable[[str, Path | None], Dataset]] = {"fashion_mnist": _fashion_mnist, "folder": _folder}


def dataset_called(text: str, data: Path | None) -> Dataset:
    """Returns the dataset that ``NAME`` or ``NAME:ARGUMENT`` stands for.

    Raises:
        UsageError: There is none of that name, or it wants other arguments.
        DatasetError: `data` or the folder is not what it must be.
    """
    name, _, argument = text.partition(":")
    if name not in DATASETS:
        hint = (
            f"; for the pictures in that folder say folder:{text}"
            if Path(text).is_dir()
            else did_you_mean(name, DATASETS)
        )
        raise UsageError(f"--dataset {text}: no dataset of that name{hint}")
    return DATASETS[name](argument, data)
