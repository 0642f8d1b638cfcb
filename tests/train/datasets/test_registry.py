from pathlib import Path

import pytest

from edge_runtime.errors import DatasetError, UsageError
from train.datasets import dataset_called


@pytest.mark.parametrize(
    ("text", "data", "sentence"),
    [
        ("fashon_mnist", None, "did you mean 'fashion_mnist'"),
        ("zzz", None, "known: fashion_mnist, mnist, cifar10, folder, csv"),
        ("folder", None, "folder:PATH"),
        ("folder:", None, "folder:PATH"),
        ("folder:parts", Path("other"), "folder:other"),
        ("fashion_mnist:dir", None, "say --data dir"),
    ],
)
def test_what_is_no_dataset_is_refused_with_what_to_type(text: str, data: Path | None, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        dataset_called(text, data)


def test_a_folder_may_have_a_colon_in_its_name(tmp_path: Path) -> None:
    for label in ("a", "b"):
        (tmp_path / "x:y" / label).mkdir(parents=True)
        (tmp_path / "x:y" / label / "1.png").touch()
    assert dataset_called(f"folder:{tmp_path / 'x:y'}", None).labels == ("a", "b")


def test_a_file_without_its_prefix_is_told_how_to_say_it(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").touch()
    with pytest.raises(UsageError, match=f"for a table of path and label say csv:{tmp_path}/labels.csv"):
        dataset_called(str(tmp_path / "labels.csv"), None)
    with pytest.raises(DatasetError, match=f"for a table of path and label say csv:{tmp_path}/labels.csv"):
        dataset_called(f"folder:{tmp_path / 'labels.csv'}", None)


def test_a_folder_without_its_prefix_is_told_how_to_say_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"for the pictures in that folder say folder:{tmp_path}"):
        dataset_called(str(tmp_path), None)
