"""What a second preparation into the same place keeps: settings that nobody typed again, and what a run needs."""

from pathlib import Path

import pytest

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import open_prepared
from tests.support import python
from tests.train.preparation.conftest import write_noise
from train.config import TrainConfig
from train.datasets.folder import Folder
from train.fitting.started import check_owner, claim
from train.preparation.kept import Asked, settled
from train.preparation.prepare import prepare
from train.preparation.unfinished import place

SPEC = PreprocessingSpec((16, 16), "letterbox")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """60 pictures each of two labels."""
    for seed, label in enumerate(("나사", "nut")):
        write_noise(tmp_path / "parts" / label, 60, seed)
    return tmp_path / "parts"


@pytest.fixture
def run(pictures: Path, tmp_path: Path) -> Path:
    """A training that was begun with these pictures, prepared into ``data``."""
    prepared = prepare(Folder(pictures), SPEC, 0, tmp_path / "data").prepared
    claim(tmp_path / "run", TrainConfig(), prepared)
    return tmp_path / "run"


def test_what_a_run_was_begun_with_is_not_replaced_by_other_pictures(run: Path, pictures: Path, tmp_path: Path) -> None:
    before = open_prepared(tmp_path / "data")
    write_noise(pictures / "nut", 70, 1)
    with pytest.raises(DatasetError, match=r"data: not replaced, .*run was begun with what is there .*--fresh"):
        prepare(Folder(pictures), SPEC, 0, tmp_path / "data", [run])
    assert open_prepared(tmp_path / "data") == before
    check_owner(run, TrainConfig(), open_prepared(tmp_path / "data"))
    assert not place(tmp_path / "data").exists(), "nothing is left lying about"
    done = prepare(Folder(pictures), SPEC, 0, tmp_path / "data")
    assert done.fresh, "who starts over says so"
    assert done.replaced == f"parts {before.digest[:12]} (16 × 16 pixels)"


def test_nor_by_another_size_and_that_is_said_before_a_picture_is_read(
    run: Path, pictures: Path, tmp_path: Path
) -> None:
    for label in pictures.iterdir():
        for picture in label.iterdir():
            picture.write_bytes(b"would be left out")
    with pytest.raises(DatasetError, match=r"data: not replaced, .*16 × 16 pixels"):
        prepare(Folder(pictures), PreprocessingSpec((8, 8)), 0, tmp_path / "data", [run])


def test_pictures_that_were_only_written_again_are_the_same_dataset(run: Path, pictures: Path, tmp_path: Path) -> None:
    for picture in (pictures / "nut").iterdir():
        content = picture.read_bytes()
        picture.unlink()
        picture.write_bytes(content)
    done = prepare(Folder(pictures), SPEC, 0, tmp_path / "data", [run])
    assert done.fresh
    assert not done.replaced
    check_owner(run, TrainConfig(), open_prepared(tmp_path / "data"))


def test_what_another_run_was_begun_with_or_none_keeps_nothing(run: Path, pictures: Path, tmp_path: Path) -> None:
    write_noise(pictures / "nut", 70, 1)
    other = prepare(Folder(pictures), SPEC, 0, tmp_path / "other").prepared
    claim(tmp_path / "second", TrainConfig(), other)
    assert prepare(Folder(pictures), SPEC, 0, tmp_path / "data", [tmp_path / "second", tmp_path / "none"]).fresh


def test_nobody_asked_for_anything_else_so_it_is_as_it_was(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    assert settled(Asked(), Folder(pictures), out) == (PreprocessingSpec((96, 96)), 0, ())
    prepare(Folder(pictures), SPEC, 3, out)
    flags = ("--size 16x16", "--resize letterbox", "--seed 3")
    assert settled(Asked(), Folder(pictures), out) == (SPEC, 3, flags)
    typed = Asked((32, 24), "stretch", None, 0)
    assert settled(typed, Folder(pictures), out) == (PreprocessingSpec((32, 24)), 0, ())


def test_another_dataset_has_its_own_defaults(pictures: Path, tmp_path: Path) -> None:
    prepare(Folder(pictures), SPEC, 3, tmp_path / "data")
    pictures.rename(tmp_path / "tools")
    spec, seed, flags = settled(Asked(), Folder(tmp_path / "tools"), tmp_path / "data")
    assert (spec, seed, flags) == (PreprocessingSpec((96, 96)), 0, ())


def test_new_pictures_are_prepared_as_the_old_ones_were_and_a_line_says_so(pictures: Path, tmp_path: Path) -> None:
    command = ("-m", "train", "prepare", "--dataset", f"folder:{pictures}", "--out", tmp_path / "data")
    first = python(*command, "--size", 16, "--resize", "letterbox")
    assert first.returncode == 0, first.stderr
    write_noise(pictures / "nut", 70, 1)
    again = python(*command)
    assert f"{tmp_path / 'data'}: as it was prepared before: --size 16x16 --resize letterbox\n" in again.stderr
    assert "16 × 16 pixels" in again.stderr
    assert open_prepared(tmp_path / "data").record.spec.preprocessing == SPEC
