"""Datasets by name. A new one is a module that fulfils `Dataset` and a line in `DATASETS`."""

import shlex
from collections.abc import Callable
from pathlib import Path

from edge_runtime.console import did_you_mean
from edge_runtime.errors import UsageError
from train.datasets.cifar10 import Cifar10
from train.datasets.dataset import Dataset
from train.datasets.fashion_mnist import FashionMnist
from train.datasets.folder import Folder
from train.datasets.mnist import Mnist
from train.datasets.table import Table

__all__ = ["DATASETS", "Dataset", "dataset_called"]


Made = Callable[[str, Path | None, str], Dataset]


def _known(name: str, made: Callable[[Path | None], Dataset]) -> Made:
    def dataset(argument: str, data: Path | None, group_by: str) -> Dataset:
        if group_by:
            raise UsageError(f"--group-by {group_by}: the splits of {name} are everybody's; it is for folder: and csv:")
        if argument:
            raise UsageError(f"{name}:{argument}: {name} takes no path here; say --data {argument}")
        return made(data)

    return dataset


def _own(name: str, what: str, made: Callable[[Path, str], Dataset]) -> Made:
    def dataset(argument: str, data: Path | None, group_by: str) -> Dataset:
        if not argument:
            raise UsageError(f"{name}: which one? Say {name}:{what}")
        if data is not None:
            raise UsageError(f"--data {data}: its path stands behind the colon, as in {name}:{data}")
        return made(Path(argument), group_by)

    return dataset


DATASETS: dict[str, Made] = {
    "fashion_mnist": _known("fashion_mnist", FashionMnist),
    "mnist": _known("mnist", Mnist),
    "cifar10": _known("cifar10", Cifar10),
    "folder": _own(
        "folder", "PATH, with one sub-folder of pictures for each label", lambda path, by: Folder(path, group_by=by)
    ),
    "csv": _own("csv", "FILE, a table of path and label", lambda path, by: Table(path, group_by=by)),
}


def dataset_called(text: str, data: Path | None, group_by: str = "") -> Dataset:
    """Returns the dataset that ``NAME`` or ``NAME:ARGUMENT`` stands for.

    Args:
        text: What was typed.
        data: Where the files of a dataset by name are.
        group_by: Which pictures of one's own stay together, as `train.datasets.groups.grouping_by` takes it.

    Raises:
        UsageError: There is none of that name, or it wants other arguments.
        DatasetError: `data` or the folder is not what it must be.
    """
    name, _, argument = text.partition(":")
    if name not in DATASETS:
        if Path(text).is_dir():
            hint = f"; for the pictures in that folder say {shlex.quote(f'folder:{text}')}"
        elif Path(text).is_file():
            hint = f"; for a table of path and label say csv:{text}"
        else:
            hint = did_you_mean(name, DATASETS)
        raise UsageError(f"--dataset {text}: no dataset of that name{hint}")
    return DATASETS[name](argument, data, group_by)
