import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import SPLITS
from train.datasets.table import Table
from train.preparation.prepare import prepare

SPEC = PreprocessingSpec((8, 8))


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """120 pictures; their paths from where a table beside them stands."""
    (tmp_path / "내 사진").mkdir()
    names = [f"내 사진/{number:03}.png" for number in range(120)]
    for number, name in enumerate(names):
        noise = np.random.default_rng(number).integers(0, 256, (12, 10, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / name)
    return names


def table(path: Path, *rows: tuple[str, ...] | list[str], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return path


def label(number: int) -> str:
    return "나사" if number % 2 else "nut, big"


@pytest.mark.parametrize("header", [(), ("path", "label"), ("Filename", "CLASS")])
@pytest.mark.parametrize(("delimiter", "encoding"), [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-8")])
def test_path_and_label_are_enough_with_a_header_or_without(
    header: tuple[str, ...], delimiter: str, encoding: str, files: list[str], tmp_path: Path
) -> None:
    rows = [(name, label(number)) for number, name in enumerate(files)]
    dataset = Table(
        table(tmp_path / "parts.csv", *((header,) if header else ()), *rows, delimiter=delimiter, encoding=encoding)
    )
    assert dataset.labels == ("nut, big", "나사")
    assert dataset.name == "parts"
    record = prepare(dataset, SPEC, 0, tmp_path / "out").prepared.record
    assert sum(record.counts.values()) == 120
    assert not prepare(dataset, SPEC, 0, tmp_path / "out").fresh


def test_columns_may_stand_in_any_order_and_the_others_become_slices(files: list[str], tmp_path: Path) -> None:
    rows = [(label(number), f"cam {number % 3}", SPLITS[number % 3], name) for number, name in enumerate(files)]
    dataset = Table(table(tmp_path / "t.csv", ("label", "camera", "split", "path"), *rows))
    prepared = prepare(dataset, SPEC, 0, tmp_path / "out").prepared
    for at, name in enumerate(SPLITS):
        about = prepared.about(name)
        assert about is not None
        assert about.names == tuple(files[at::3])
        assert about.slices == {"camera": (f"cam {at}",) * 40}
        assert about.sizes == ((10, 12),) * 40


def test_a_third_column_of_splits_needs_no_header(files: list[str], tmp_path: Path) -> None:
    spelled = ("Training", "val", "TEST")
    rows = [(name, label(number), spelled[number % 3]) for number, name in enumerate(files)]
    found = Table(table(tmp_path / "t.csv", *rows)).find(seed=0)
    assert [len(found.splits[name]) for name in SPLITS] == [40, 40, 40]
    assert found.slices == ()


def test_a_row_without_a_split_goes_where_its_content_leads(files: list[str], tmp_path: Path) -> None:
    by_content = Table(table(tmp_path / "a.csv", *((name, label(at)) for at, name in enumerate(files)))).find(0)
    rows = [(name, label(at), "train" if at < 10 else "") for at, name in enumerate(files)]
    found = Table(table(tmp_path / "b.csv", ("path", "label", "split"), *rows)).find(0)
    late = {name: [one.name for one in by_content.splits[name] if one.name >= files[10]] for name in SPLITS}
    assert [one.name for one in found.splits["test"] if one.name >= files[10]] == late["test"]


def test_a_validation_split_that_nobody_gave_is_taken_out_of_training(files: list[str], tmp_path: Path) -> None:
    rows = [(name, label(at), "test" if at < 40 else "train") for at, name in enumerate(files)]
    found = Table(table(tmp_path / "t.csv", ("path", "label", "split"), *rows)).find(0)
    assert {one.name for one in found.splits["test"]} == set(files[:40])
    assert 0 < len(found.splits["validation"]) < 30
    assert {one.name for name in ("train", "validation") for one in found.splits[name]} == set(files[40:])


def test_a_file_that_is_not_there_is_left_out_and_named(files: list[str], tmp_path: Path) -> None:
    rows = [*((name, label(at)) for at, name in enumerate(files)), ("gone.png", "나사")]
    done = prepare(Table(table(tmp_path / "t.csv", *rows)), SPEC, 0, tmp_path / "out")
    assert [one.name for one in done.left_out] == ["gone.png"]
    assert "No such file" in done.left_out[0].reason


def test_paths_written_on_windows_are_found(files: list[str], tmp_path: Path) -> None:
    rows = [(name.replace("/", "\\"), label(at)) for at, name in enumerate(files)]
    assert not prepare(Table(table(tmp_path / "t.csv", *rows)), SPEC, 0, tmp_path / "out").left_out


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read: No such file"),
        ("", "empty; a row with path and label"),
        ("\n \n", "empty; a row with path and label"),
        ("a.png\nb.png\n", "a path and a label in each row expected, 'a.png' found"),
        ("a.png,x\nb.png,x\n", "2 or more labels expected, 1 found, 'x'"),
        ("path,label\n", "2 or more labels expected, none found"),
        ("a.png,x\nb.png\n", "line 2: a path and a label expected, 'b.png' found"),
        ("a.png,x\n,y\n", "line 2: no path in ',y'"),
        ("path,name\na.png,x\n", r"line 1: a column called label expected \(label, class, .*path, name found"),
        ("name,label\na.png,x\n", "line 1: a column called path expected"),
        ("path,label,x,x\na.png,a,1,2\n", "line 1: two columns are called 'x'"),
        ("one,two\na.png,x\n", "line 1: 'one' is neither a file nor a header; begin with a line 'path,label'"),
        ("path,label,split\na.png,x,half\nb.png,y,\n", "line 2: train, validation, test or nothing expected, 'half'"),
        ('path,label\n"a.png,x\n', "not a CSV table"),
        ("a.png,x\nb.png,y\n", r"none of its 2 files is there, such as .*/a\.png; paths are relative to the table"),
    ],
)
def test_a_table_that_is_no_dataset_is_refused(text: str | None, sentence: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DatasetError, match=sentence):
        Table(tmp_path / "t.csv").find(0)


def test_another_encoding_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("a.png,나사\n".encode("euc-kr"))
    with pytest.raises(DatasetError, match=r"not UTF-8: .*save it again as 'CSV UTF-8'"):
        Table(tmp_path / "t.csv")
