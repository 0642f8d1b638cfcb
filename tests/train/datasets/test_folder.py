import hashlib
import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.errors import DatasetError
from edge_runtime.stages.prepared import SPLITS, SplitName
from tests.support import python
from train.datasets.folder import Folder
from train.datasets.heic import CONVERT
from train.datasets.pictures import split_of
from train.preparation.prepare import prepare

SPEC = PreprocessingSpec((8, 8))


def write_pictures(folder: Path, count: int, first: int = 0, grey: bool = False) -> None:
    """Writes pictures of noise, each another one."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        shape = (12, 10) if grey else (12, 10, 3)
        # crc of the label: two labels must not hold the same pictures
        noise = np.random.default_rng([number, sum(folder.name.encode())]).integers(0, 256, shape, np.uint8)
        Image.fromarray(noise).save(folder / f"{number:03}.png")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    root = tmp_path / "내 사진 폴더"
    for label in ("나사 못", "와셔"):
        write_pictures(root / label, 60)
    return root


def where(root: Path) -> dict[Path, str]:
    """The split of each file."""
    found = Folder(root).find(seed=0)
    return {
        sample.picture: name for name in SPLITS for sample in found.splits[name] if isinstance(sample.picture, Path)
    }


def test_sub_folders_are_labels_whatever_they_are_called(pictures: Path, tmp_path: Path) -> None:
    done = prepare(Folder(pictures), SPEC, 0, tmp_path / "out")
    record = done.prepared.record
    assert record.spec.labels == ("나사 못", "와셔")
    assert record.name == "내 사진 폴더"
    assert sum(record.counts.values()) == 120
    assert not record.grey
    for name in SPLITS:
        assert set(done.prepared.split(name).labels.tolist()) == {0, 1}


def test_decomposed_names_from_a_mac_are_composed(pictures: Path) -> None:
    (pictures / "와셔").rename(pictures / unicodedata.normalize("NFD", "와셔"))
    assert Folder(pictures).labels == ("나사 못", "와셔")


def test_adding_pictures_never_moves_an_old_one(pictures: Path) -> None:
    before = where(pictures)
    write_pictures(pictures / "와셔", 40, first=60)
    write_pictures(pictures / "볼트", 40)
    after = where(pictures)
    assert len(after) == len(before) + 80
    assert {path: after[path] for path in before} == before


def test_renaming_a_picture_does_not_move_it(pictures: Path) -> None:
    before = where(pictures)
    old = next(path for path, split in before.items() if split == "test")
    new = old.with_name("zzz.png")
    old.rename(new)
    assert where(pictures)[new] == "test"


def test_a_tenth_each_is_for_test_and_validation() -> None:
    names = [split_of(hashlib.sha256(str(n).encode()).digest()) for n in range(10_000)]
    # 4 standard deviations of a binomial: 4 * sqrt(10,000 * 0.1 * 0.9) = 120
    assert abs(names.count("test") - 1000) < 120
    assert abs(names.count("validation") - 1000) < 120
    edges = [0, int(0.1 * 2**64) + 1, int(0.2 * 2**64) + 2**12, 2**64 - 1]
    assert [split_of(n.to_bytes(8, "big") + bytes(24)) for n in edges] == ["test", "validation", "train", "train"]


def test_a_folder_of_grey_pictures_is_grey(tmp_path: Path) -> None:
    for label in ("a", "b"):
        write_pictures(tmp_path / "in" / label, 60, grey=True)
    assert prepare(Folder(tmp_path / "in"), SPEC, 0, tmp_path / "out").prepared.record.grey
    write_pictures(tmp_path / "in" / "b", 1, first=60)
    assert not prepare(Folder(tmp_path / "in"), SPEC, 0, tmp_path / "out").prepared.record.grey


def test_truncated_and_foreign_files_are_left_out_counted_and_named(pictures: Path, tmp_path: Path) -> None:
    whole = (pictures / "와셔" / "000.png").read_bytes()
    (pictures / "와셔" / "half.png").write_bytes(whole[: len(whole) // 2])
    (pictures / "와셔" / "text.jpg").write_text("not a picture")
    (pictures / "와셔" / "phone.HEIC").write_text("a picture of a kind that cannot be read")
    (pictures / "loose.png").write_bytes(whole)
    (pictures / "와셔" / "._000.png").write_text("what macOS leaves on USB sticks")
    done = prepare(Folder(pictures), SPEC, 0, tmp_path / "out")
    assert sum(done.prepared.record.counts.values()) == 120
    reasons = [one.reason for one in done.left_out]
    assert sorted(Path(reason.split(":")[0]).name for reason in reasons) == ["half.png", "text.jpg"]
    assert done.notes == (
        f"1 file passed over for a suffix that is not a picture's: .heic. {CONVERT}",
        "1 picture passed over outside of every label's sub-folder",
    )


def test_nothing_to_do_is_noticed_and_any_change_too(pictures: Path, tmp_path: Path) -> None:
    assert prepare(Folder(pictures), SPEC, 0, tmp_path / "out").fresh
    assert not prepare(Folder(pictures), SPEC, 0, tmp_path / "out").fresh
    write_pictures(pictures / "와셔", 1, first=60)
    assert prepare(Folder(pictures), SPEC, 0, tmp_path / "out").fresh
    picture = pictures / "와셔" / "060.png"
    stamp = picture.stat().st_mtime_ns + 10**9
    os.utime(picture, ns=(stamp, stamp))
    assert prepare(Folder(pictures), SPEC, 0, tmp_path / "out").fresh, "in doubt, prepare again"


def test_a_label_without_pictures_is_refused_by_name(pictures: Path) -> None:
    (pictures / "빈 것").mkdir()
    with pytest.raises(DatasetError, match=r"빈 것: no pictures \(.*add some or remove the sub-folder"):
        Folder(pictures)


@pytest.mark.parametrize("lacking", SPLITS)
def test_a_label_that_misses_a_split_is_refused_with_the_share_that_this_split_takes(
    lacking: SplitName, pictures: Path
) -> None:
    dataset = Folder(pictures)
    kept = {name: [0, 0, 1] for name in SPLITS} | {lacking: [0]}
    with pytest.raises(DatasetError) as caught:
        dataset.check(kept)
    assert f": too few pictures: '와셔' has 2, none of them for {lacking}. " in str(caught.value)
    assert "train, validation and test, which take about 80, 10 and 10 % of them" in str(caught.value)
    assert "50 or more of each label" in str(caught.value)


def test_every_label_with_too_few_pictures_is_named_at_once(tmp_path: Path) -> None:
    for label in "abcdefg":
        write_pictures(tmp_path / "in" / label, 1)
    with pytest.raises(DatasetError, match=r"'a' has 1, none .*; 'e' has 1, none [^;]*; and 2 labels more\."):
        prepare(Folder(tmp_path / "in"), SPEC, 0, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_too_few_pictures_are_told_before_any_is_decoded(pictures: Path, tmp_path: Path) -> None:
    (pictures / "볼트").mkdir()
    (pictures / "볼트" / "x.png").write_text("not a picture")
    with pytest.raises(DatasetError, match="'볼트' has 1, none of them for"):
        prepare(Folder(pictures), SPEC, 0, tmp_path / "out")


def test_a_label_whose_pictures_are_all_damaged_is_refused_with_the_reason(pictures: Path, tmp_path: Path) -> None:
    write_pictures(pictures / "볼트", 60)
    for picture in (pictures / "볼트").iterdir():
        picture.write_bytes(picture.read_bytes()[:-40])
    with pytest.raises(DatasetError, match=r"'볼트' has 0\..* 60 cannot be read, such as .*볼트/\d+\.png"):
        prepare(Folder(pictures), SPEC, 0, tmp_path / "out")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        ([], "no such folder"),
        (["in/"], "2 or more labels expected, none found; put them into sub-folders .* as in .*/in/bolt/1.jpg and "),
        (["in/a/1.png"], "2 or more labels expected, 1 found, 'a'; .*add a sub-folder with pictures of something else"),
        (["in/a/1.png", "in/1.png"], "1 found, 'a', and 1 picture beside; "),
        (["in/a/b/1.png", "in/a/c/1.png"], "the 2 sub-folders of 'a' look like labels: name folder:.*/in/a$"),
        (["in/1.png", "in/2.png", "in/.git/x"], "none found, and 2 pictures beside; put them into sub-folders"),
    ],
)
def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path, make: list[str], sentence: str) -> None:
    for path in make:
        if path.endswith("/"):
            (tmp_path / path).mkdir()
            continue
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    with pytest.raises(DatasetError, match=sentence):
        Folder(tmp_path / "in")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "in").touch()
    with pytest.raises(DatasetError, match="not a folder"):
        Folder(tmp_path / "in")


@pytest.mark.parametrize("name", ["gone", "와셔/gone.png"])
def test_a_link_that_leads_nowhere_is_refused_and_not_left_out(name: str, pictures: Path, tmp_path: Path) -> None:
    (pictures / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatasetError, match=f"gone.*: a link to {tmp_path}/elsewhere, which is not there"):
        Folder(pictures)


def test_a_link_that_leads_somewhere_is_followed(pictures: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path / "third", 3)
    (pictures / "셋").symlink_to(tmp_path / "third")
    assert len(Folder(pictures).labels) == 3


def test_a_label_that_this_user_may_not_read_is_not_called_empty(pictures: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from edge_runtime.console import guard
from train.datasets.folder import Folder
if os.getuid() == 0:
    os.setuid(65534)  # root may read everything
sys.exit(guard("reader", lambda: Folder(Path(sys.argv[1])) and 0))
"""
    for above in (pictures.parent, *pictures.parent.parents[:2]):
        above.chmod(0o755)
    (pictures / "와셔").chmod(0)
    done = python("-c", code, pictures)
    (pictures / "와셔").chmod(0o755)
    assert done.returncode == 1
    assert f"{pictures / '와셔'}: cannot be read: Permission denied" in done.stderr


def split_by_hand(root: Path, *names: str) -> None:
    """Writes 30 pictures of each of two labels below each of these folders."""
    for at, name in enumerate(names):
        for label in ("나사 못", "와셔"):
            write_pictures(root / name / label, 30, first=100 * at)


@pytest.mark.parametrize(
    "names", [("train", "val", "test"), ("Training", "valid", "TESTING"), ("train", "dev", "test")]
)
def test_splits_made_by_hand_are_kept_however_they_are_spelled(names: tuple[str, ...], tmp_path: Path) -> None:
    split_by_hand(tmp_path / "in", *names)
    (tmp_path / "in" / ".cache").mkdir()
    found = Folder(tmp_path / "in").find(seed=0)
    for name, folder in zip(SPLITS, names, strict=True):
        assert {sample.name.partition("/")[0] for sample in found.splits[name]} == {folder}
        assert len(found.splits[name]) == 60
    assert Folder(tmp_path / "in").labels == ("나사 못", "와셔")


def test_a_split_that_is_missing_is_taken_out_of_training(tmp_path: Path) -> None:
    split_by_hand(tmp_path / "in", "train", "test")
    found = Folder(tmp_path / "in").find(seed=0)
    assert {sample.name.partition("/")[0] for sample in found.splits["test"]} == {"test"}
    assert {sample.name.partition("/")[0] for sample in found.splits["validation"]} == {"train"}
    assert len(found.splits["train"]) + len(found.splits["validation"]) == 60
    assert 0 < len(found.splits["validation"]) < 20


def test_a_label_may_be_called_train(tmp_path: Path) -> None:
    for label in ("train", "bus", "test"):
        write_pictures(tmp_path / label, 3)
    assert Folder(tmp_path).labels == ("bus", "test", "train")


def test_a_folder_beside_splits_is_no_label(tmp_path: Path) -> None:
    split_by_hand(tmp_path / "in", "train", "val")
    write_pictures(tmp_path / "in" / "unsorted", 3)
    with pytest.raises(
        DatasetError, match=r"train/ and val/ look like splits .*, and 'unsorted' beside them like none"
    ):
        Folder(tmp_path / "in")


def test_a_label_that_a_split_lacks_is_refused_with_what_was_given(tmp_path: Path) -> None:
    split_by_hand(tmp_path / "in", "train", "val", "test")
    write_pictures(tmp_path / "in" / "test" / "볼트", 3)
    dataset = Folder(tmp_path / "in")
    found = dataset.find(seed=0)
    with pytest.raises(
        DatasetError,
        match=r"'볼트' has 3, only in test\. .*test, which were given\. Add or move",
    ):
        dataset.check({name: [sample.label for sample in found.splits[name]] for name in SPLITS})


def test_another_seed_draws_another_split_that_also_stays(pictures: Path) -> None:
    def test_split(seed: int) -> set[str]:
        return {sample.name for sample in Folder(pictures).find(seed).splits["test"]}

    before = test_split(1)
    assert before == test_split(1)
    assert before != test_split(0)
    names = {path.relative_to(pictures).as_posix() for path in pictures.rglob("*.png")}
    write_pictures(pictures / "와셔", 40, first=60)
    assert test_split(1) & names == before


def test_sub_folders_of_a_label_become_a_slice(pictures: Path, tmp_path: Path) -> None:
    write_pictures(pictures / "와셔" / "day 1" / "야간", 40, first=60)
    prepared = prepare(Folder(pictures), SPEC, 0, tmp_path / "out").prepared
    about = prepared.about("train")
    assert about is not None
    assert set(about.slices["folder"]) == {"", "day 1/야간"}
    for name, folder in zip(about.names, about.slices["folder"], strict=True):
        assert ("day 1" in name) == bool(folder)
    assert prepare(Folder(pictures), SPEC, 0, tmp_path / "out").prepared.about("train") == about


def test_a_label_of_heic_pictures_alone_is_told_how_to_convert_them(pictures: Path) -> None:
    (pictures / "전화").mkdir()
    (pictures / "전화" / "IMG_1.HEIC").touch()
    with pytest.raises(DatasetError, match=r"전화: no pictures .* 1 is HEIC: .*convert it to JPEG"):
        Folder(pictures)


def test_a_name_of_no_encoding_is_no_obstacle(pictures: Path, tmp_path: Path) -> None:
    picture = pictures / "와셔" / "000.png"
    picture.rename(os.fsdecode(os.fsencode(picture.parent) + b"/\xb0\xa1.png"))  # 가 in EUC-KR
    prepared = prepare(Folder(pictures), SPEC, 0, tmp_path / "out").prepared
    known = [prepared.about(split) for split in SPLITS]
    names = [name for about in known if about is not None for name in about.names]
    assert os.fsdecode("와셔/".encode() + b"\xb0\xa1.png") in names
    assert (tmp_path / "out" / "audit.html").is_file()


def test_what_systems_leave_in_folders_is_no_label_and_holds_no_pictures_and_that_is_said(pictures: Path) -> None:
    before = where(pictures)
    for junk in ("__MACOSX", ".ipynb_checkpoints", "와셔/@eaDir", "와셔/.ipynb_checkpoints", "lost+found"):
        write_pictures(pictures / junk / "900.png" / "SYNO", 2)
        write_pictures(pictures / junk, 2)
        (pictures / junk / "notes.txt").touch()
    assert Folder(pictures).labels == ("나사 못", "와셔")
    assert where(pictures) == before
    assert Folder(pictures).find(seed=0).notes == (
        "passed over, not as labels and not for pictures: .ipynb_checkpoints/, @eaDir/, __MACOSX/, lost+found/",
    )


def test_splits_by_hand_with_what_a_mac_s_zip_leaves_beside_them(tmp_path: Path) -> None:
    split_by_hand(tmp_path / "in", "train", "val", "test")
    (tmp_path / "in" / "__MACOSX" / "train").mkdir(parents=True)
    assert Folder(tmp_path / "in").labels == ("나사 못", "와셔")


def test_a_label_that_was_mistyped_in_a_given_split_is_recognised(tmp_path: Path) -> None:
    split_by_hand(tmp_path / "in", "train", "test")
    write_pictures(tmp_path / "in" / "train" / "bag", 40)
    write_pictures(tmp_path / "in" / "test" / "bagg", 3)
    with pytest.raises(DatasetError) as caught:
        prepare(Folder(tmp_path / "in"), SPEC, 0, tmp_path / "out")
    told = str(caught.value)
    assert "'bagg' has 3, only in test (did you mean 'bag'?)" in told
    assert "some in train and test, which were given, and enough in train: a tenth of them" in told
    assert "chosen by content" not in told
    assert "--seed" not in told


def test_the_dataset_is_not_put_among_its_pictures(pictures: Path) -> None:
    done = python("-m", "train", "prepare", "--dataset", f"folder:{pictures}", "--out", pictures / "out")
    assert done.returncode == 2
    assert "lies in the folder of the pictures" in done.stderr
    assert not (pictures / "out").exists()
