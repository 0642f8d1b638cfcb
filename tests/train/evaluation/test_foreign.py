from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import Prepared
from train.evaluation.foreign import judge, pictures_in

SPEC = PreprocessingSpec((28, 28))


def test_a_folder_is_read_as_deep_as_it_goes_and_what_is_no_picture_is_counted(tmp_path: Path) -> None:
    (tmp_path / "한 겹" / "더").mkdir(parents=True)
    for place in ("a.png", "한 겹/b.JPG", "한 겹/더/c d.png"):
        Image.new("RGB", (50, 40), "red").save(tmp_path / place)
    (tmp_path / "broken.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no picture by its name")
    found = pictures_in(tmp_path, SPEC, own="")
    blocks = list(found.blocks())
    assert [block.shape for block in blocks] == [(3, 28, 28, 3)]
    assert found.unreadable == 1
    assert [found.name(index) for index in range(3)] == ["a.png", "한 겹/b.JPG", "한 겹/더/c d.png"]
    assert (found.pixels(0) == blocks[0][0]).all()


def test_a_prepared_dataset_gives_all_of_its_splits(small: Prepared) -> None:
    found = pictures_in(small.directory, SPEC, own="another one")
    assert len(found) == sum(len(block) for block in found.blocks()) == 3000
    assert found.name(2000) == "validation/0"
    assert (found.pixels(2500) == small.split("test").pixels[0]).all()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "no such folder"),
        (lambda path: path.write_text("a file"), "not a folder"),
        (lambda path: path.mkdir(), r"no pictures \(\.bmp"),
    ],
)
def test_what_is_no_use_is_refused(tmp_path: Path, make: object, sentence: str) -> None:
    make(tmp_path / "x")  # type: ignore[operator]
    with pytest.raises(DatasetError, match=f"--foreign .*x: {sentence}"):
        pictures_in(tmp_path / "x", SPEC, own="")


def test_a_folder_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"")
    with pytest.raises(DatasetError, match="none of its 1 pictures can be read"):
        list(pictures_in(tmp_path, SPEC, own="").blocks())


def test_the_dataset_of_the_training_is_not_foreign(small: Prepared) -> None:
    with pytest.raises(DatasetError, match="that is the dataset of the training"):
        pictures_in(small.directory, SPEC, own=small.digest)


def test_another_preprocessing_is_refused(small: Prepared) -> None:
    with pytest.raises(DatasetError, match=r"prepared as 28 × 28 pixels, .*the model wants 32 × 32 pixels"):
        pictures_in(small.directory, PreprocessingSpec((32, 32)), own="")


def test_what_foreign_pictures_get(small: Prepared) -> None:
    known = np.linspace(0.5, 1.0, 101).astype(np.float32)
    scores = np.array([[0.4, 0], [0.45, 1], [0.9, 1], [0.95, 1]], np.float32)
    pictures = pictures_in(small.directory, SPEC, own="")
    found = judge(pictures, "there", scores, known, 0.92, ("a", "b"))
    assert found.labelled_at_95 == 0.5  # 95 % of the known ones have 0.525 or more
    assert found.labelled == 0.25
    assert found.predicted == {"a": 1, "b": 3}
    assert found.auroc == pytest.approx((2 * 101 + 20.5 + 10.5) / 404)
