"""Groups of pictures that stay in one split: real recordings, made by `edge-runtime capture` from videos."""

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.collecting.names import recording_of
from edge_runtime.errors import DatasetError, UsageError
from edge_runtime.stages.prepared import SPLITS, open_prepared
from tests.support import python
from tests.train.datasets.test_folder import write_pictures
from tests.train.datasets.test_table import table
from train.datasets import dataset_called
from train.datasets.folder import Folder
from train.datasets.groups import grouping_by
from train.datasets.table import Table
from train.preparation.audit import examine
from train.preparation.findings import warnings
from train.preparation.prepare import prepare

FRAMES = 12


def film(path: Path, seed: int) -> Path:
    """A video of one scene in which little moves."""
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    assert writer.isOpened()
    scene = np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)
    for number in range(FRAMES):
        frame = scene.copy()
        frame[10:20, 2 * number : 2 * number + 10] = 255
        writer.write(frame)
    writer.release()
    return path


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four recordings of each of two labels, as capture leaves them. Tests leave it as it is."""
    place = tmp_path_factory.mktemp("captured")
    for seed in range(8):
        label = ("나사 못", "nut")[seed % 2]
        source = film(place / f"tape {seed}.avi", seed)
        done = python("-m", "edge_runtime", "capture", "--label", label, "--source", source, "--out", place / "parts")
        assert done.returncode == 0, done.stderr
    assert len(list((place / "parts").glob("*/*.*"))) == 8 * FRAMES
    return place / "parts"


def splits(dataset: Folder | Table, seed: int = 0) -> dict[str, str]:
    """The split of each picture, by its name."""
    found = dataset.find(seed)
    return {sample.name: name for name in SPLITS for sample in found.splits[name]}


def by_recording(where: dict[str, str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, split in where.items():
        found.setdefault(recording_of(Path(name).name) or "", set()).add(split)
    return found


def seed_with_all_splits(root: Path) -> int:
    dataset = Folder(root, group_by="recording")

    def full(seed: int) -> bool:
        found = dataset.find(seed)
        return all({sample.label for sample in found.splits[name]} == {0, 1} for name in SPLITS)

    return next(seed for seed in range(1000) if full(seed))


def test_without_groups_every_recording_is_torn_and_the_audit_tells(captured: Path, tmp_path: Path) -> None:
    torn = [found for found in by_recording(splits(Folder(captured))).values() if len(found) > 1]
    assert len(torn) >= 6
    done = python("-m", "train", "prepare", "--dataset", f"folder:{captured}", "--size", 32, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert f"pictures are of {len(torn)} recordings that more than one split has a part of" in done.stderr
    wanted = "--group-by recording, which keeps recordings whole, wants 50 or more recordings of each label, and one"
    assert f"({wanted} has 4)" in done.stderr


def test_recordings_enough_for_three_splits_are_to_be_kept_whole(captured: Path, tmp_path: Path) -> None:
    found = examine(prepare(Folder(captured), PreprocessingSpec((8, 8)), 0, tmp_path / "out").prepared)
    assert found.recordings == 4
    told = next(sentence for sentence in warnings(replace(found, recordings=50)) if "recording" in sentence)
    assert told.endswith("or keep recordings whole with --group-by recording (make: PREPARE='--group-by recording')")


def test_a_recording_stays_in_one_split(captured: Path, tmp_path: Path) -> None:
    found = by_recording(splits(Folder(captured, group_by="recording")))
    assert len(found) == 8
    assert all(len(where) == 1 for where in found.values())
    command = ["-m", "train", "prepare", "--dataset", f"folder:{captured}", "--size", 32, "--out", tmp_path / "out"]
    seed = seed_with_all_splits(captured)
    done = python(*command, "--group-by", "recording", "--seed", seed)
    assert done.returncode == 0, done.stderr
    assert "more than one split has a part of" not in done.stderr
    assert sum(open_prepared(tmp_path / "out").record.counts.values()) == 8 * FRAMES
    assert "up to date" in python(*command, "--group-by", "recording", "--seed", seed).stderr
    kept = python(*command, "--seed", seed).stderr
    assert f"{tmp_path / 'out'}: as it was prepared before: --group-by recording\n" in kept
    assert "up to date" in kept
    assert "up to date" not in python(*command, "--seed", seed, "--group-by", "").stderr, "no groups, another dataset"


def test_too_few_recordings_are_told_with_their_number_and_what_to_do(captured: Path, tmp_path: Path) -> None:
    dataset = Folder(captured, group_by="recording")
    with pytest.raises(DatasetError) as caught:
        dataset.check({"train": [0] * 48 + [1] * 48, "validation": [0], "test": [1]})
    told = str(caught.value)
    assert "'nut' has 49 in 4 groups, none of them for test; '나사 못' has 49 in 4 groups, none of them for val" in told
    assert "Add groups, such as recordings made at other times: 50 or more of each label" in told
    assert "try another --seed; put pictures into folders train, val and test yourself" in told


def test_new_recordings_move_no_picture(captured: Path, tmp_path: Path) -> None:
    shutil.copytree(captured, tmp_path / "parts")
    before = splits(Folder(tmp_path / "parts", group_by="recording"))
    for seed in range(8, 11):
        source = film(tmp_path / f"tape {seed}.avi", seed)
        python("-m", "edge_runtime", "capture", "--label", "nut", "--source", source, "--out", tmp_path / "parts")
    write_pictures(tmp_path / "parts" / "nut", 20)
    after = splits(Folder(tmp_path / "parts", group_by="recording"))
    assert len(after) == len(before) + 3 * FRAMES + 20
    assert {name: after[name] for name in before} == before


def test_pictures_of_no_recording_stay_where_they_were(captured: Path, tmp_path: Path) -> None:
    shutil.copytree(captured, tmp_path / "parts")
    for label in ("나사 못", "nut"):
        write_pictures(tmp_path / "parts" / label, 60)
    before = splits(Folder(tmp_path / "parts"))
    after = splits(Folder(tmp_path / "parts", group_by="recording"))
    alone = [name for name in before if recording_of(Path(name).name) is None]
    assert len(alone) == 120
    assert all(after[name] == before[name] for name in alone)


def test_equal_files_of_two_groups_are_never_in_two_splits(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for at, label in enumerate("ab"):
        for group in range(20):
            write_pictures(root / label / f"tape{group:02}", 5, first=100 * group + 50 * at)
    pattern = "tape[0-9]+"
    before = splits(Folder(root, group_by=pattern))
    by_split = {split: sorted(name for name, found in before.items() if found == split) for split in SPLITS}
    # A training picture gets a copy in a test group, and a test picture one in a training group.
    for source, target in ((by_split["train"], by_split["test"]), (by_split["test"], by_split["train"])):
        shutil.copy(root / source[0], (root / target[0]).with_name("copy.png"))
    dataset = Folder(root, group_by=pattern)
    after = splits(dataset)
    contents = {
        split: {(root / name).read_bytes() for name, found in after.items() if found == split} for split in SPLITS
    }
    assert not contents["train"] & (contents["test"] | contents["validation"])
    assert all(after[name] == before[name] for name in before if name in after), "none has moved"
    assert set(before) - set(after) == {by_split["test"][0]}
    assert dataset.find(0).notes == (
        "2 pictures passed over: the same file lies in a group of another split that is nearer to training",
    )


def test_what_the_parentheses_match_is_the_group() -> None:
    assert grouping_by(r"([^/]+)_\d+[.]jpg$")("bolt/belt 1_0007.jpg") == "belt 1"
    assert grouping_by(r"/(\w+)/.*?(\d)")("bolt/night/cam3.jpg") == "night\0003"
    assert grouping_by("cam[0-9]")("bolt/cam3 5.jpg") == "cam3"
    assert grouping_by("(x)?cam")("cam") == "cam"
    assert grouping_by("cam")("bolt/1.jpg") == ""


def test_what_groups_nothing_is_refused(tmp_path: Path) -> None:
    for label in "ab":
        write_pictures(tmp_path / label, 3)
    with pytest.raises(UsageError, match=r"--group-by \(: recording or a regular expression expected: missing \)"):
        Folder(tmp_path, group_by="(")
    with pytest.raises(DatasetError, match=r"--group-by tape: none of 6 names matches, such as a/000.png"):
        Folder(tmp_path, group_by="tape")
    with pytest.raises(DatasetError, match="none of 6 names is of 'edge-runtime capture'"):
        Folder(tmp_path, group_by="recording")
    with pytest.raises(UsageError, match="the splits of mnist are everybody's; it is for folder: and csv:"):
        dataset_called("mnist", None, "recording")


def test_a_column_called_group_keeps_its_pictures_together(tmp_path: Path) -> None:
    write_pictures(tmp_path / "in", 120)
    rows = [(f"in/{at:03}.png", "ab"[at % 2], f"tape {at // 6}", f"cam {at % 3}") for at in range(120)]
    path = table(tmp_path / "t.csv", ("path", "label", "Group", "camera"), *rows)
    found = Table(path).find(seed=0)
    assert found.slices == ("camera",)
    of = {name: {sample.group for sample in found.splits[name]} for name in SPLITS}
    assert sum(map(len, of.values())) == len(set.union(*of.values())) == 20
    with pytest.raises(UsageError, match=r"t.csv has a column group; take one of the two away"):
        Table(path, group_by="recording")
