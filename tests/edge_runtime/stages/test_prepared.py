import json
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import SPLITS, Prepared, Split, open_prepared, write_prepared
from tests.edge_runtime.samples import SPEC


def lamps(target: Path, origin: str = "here", first: int = 0) -> Prepared:
    splits = {
        name: Split(np.full((count, 2, 2, 3), first, np.uint8), np.arange(count, dtype=np.int64) % 2)
        for name, count in zip(SPLITS, (6, 2, 4), strict=True)
    }
    return write_prepared(target, name="lamps", origin=origin, grey=True, spec=SPEC, seed=0, splits=splits)


def test_what_was_written_opens_with_the_same_arrays(tmp_path: Path) -> None:
    written = lamps(tmp_path / "lamps", first=7)
    opened = open_prepared(tmp_path / "lamps")
    assert opened == written
    assert opened.split("test").pixels.shape == (4, 2, 2, 3)
    assert set(np.unique(opened.split("train").pixels)) == {7}
    assert opened.split("validation").labels.tolist() == [0, 1]


def test_its_digest_is_of_what_it_holds_not_of_where_it_was_found(tmp_path: Path) -> None:
    first = lamps(tmp_path / "a")
    assert lamps(tmp_path / "b", origin="elsewhere").digest == first.digest
    assert lamps(tmp_path / "c", first=1).digest != first.digest


@pytest.mark.parametrize("damage", ["altered", "missing"])
def test_a_split_that_changed_is_refused_by_name(damage: str, tmp_path: Path) -> None:
    prepared = lamps(tmp_path / "lamps")
    path = tmp_path / "lamps" / "train_pixels.npy"
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(DatasetError, match=r"train_pixels\.npy: .*prepare the dataset again"):
        prepared.split("train")
    prepared.split("test")


def test_what_is_no_prepared_dataset_is_neither_opened_nor_replaced(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"precious")
    with pytest.raises(DatasetError, match="no prepared dataset there; make one with 'python -m train prepare'"):
        open_prepared(tmp_path)
    with pytest.raises(DatasetError, match="exists and is not a prepared dataset"):
        lamps(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "schema version 1 expected, 2 found"),
        ({"grye": True}, "unknown field 'grye'; did you mean 'grey'"),
    ],
)
def test_a_record_of_another_kind_is_refused(change: dict[str, object], message: str, tmp_path: Path) -> None:
    lamps(tmp_path / "lamps")
    path = tmp_path / "lamps" / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DatasetError, match=message):
        open_prepared(tmp_path / "lamps")
