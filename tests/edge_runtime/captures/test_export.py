import io
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.captures.capture import Part
from edge_runtime.captures.export import Exported, export
from edge_runtime.captures.ring import Ring
from edge_runtime.errors import SinkError, UsageError
from tests.edge_runtime.captures.kept import facts, keep, names, picture
from train.datasets.folder import Folder


def labelled(ring: Ring, *labels: str) -> Ring:
    for number, label in enumerate(labels):
        ring.give_label(keep(ring, number).id, label)
    return ring


def test_training_reads_what_was_exported_with_the_labels_that_were_given(tmp_path: Path) -> None:
    ring = labelled(Ring(tmp_path / "ring"), *["Sandal", "Ankle boot", "슬리퍼"] * 4)
    for number in range(100, 103):
        keep(ring, number)
    given = {capture.picture: capture.given for capture in ring.list() if capture.given}
    done = export(ring, tmp_path / "out")
    assert done == Exported({"Sandal": 4, "Ankle boot": 4, "슬리퍼": 4}, predicted=0, left=3)
    dataset = Folder(tmp_path / "out")
    assert dataset.labels == ("Ankle boot", "Sandal", "슬리퍼")
    found = {}
    for samples in dataset.find(seed=0).splits.values():
        for sample in samples:
            assert isinstance(sample.picture, Path)
            found[sample.picture.name] = dataset.labels[sample.label]
            assert sample.picture.read_bytes() == ring.picture(sample.picture.stem)
    assert found == given


def test_a_slash_in_a_label_becomes_part_of_the_folders_name(tmp_path: Path) -> None:
    export(labelled(Ring(tmp_path / "ring"), "T-shirt/top", "Bag"), tmp_path / "out")
    assert names(tmp_path / "out") == ["Bag", "T-shirt_top"]


@pytest.mark.parametrize("pair", [("T-shirt/top", "T-shirt_top"), ("caf\u00e9", "cafe\u0301")])
def test_two_labels_that_would_share_a_folder_are_refused(pair: tuple[str, str], tmp_path: Path) -> None:
    ring = labelled(Ring(tmp_path / "ring"), *pair)
    with pytest.raises(UsageError, match="would share the folder"):
        export(ring, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_predictions_are_taken_for_labels_only_when_asked_for_and_unknown_never(tmp_path: Path) -> None:
    ring = labelled(Ring(tmp_path / "ring"), "bright")
    keep(ring, 1, "dark")
    keep(ring, 2, "unknown")
    assert export(ring, tmp_path / "given") == Exported({"bright": 1}, predicted=0, left=2)
    assert export(ring, tmp_path / "all", as_predicted=True) == Exported({"bright": 1, "dark": 1}, predicted=1, left=1)


def test_what_was_exported_may_go_and_what_was_only_predicted_is_as_it_was(tmp_path: Path) -> None:
    ring = labelled(Ring(tmp_path / "ring"), "bright")
    keep(ring, 1)
    export(ring, tmp_path / "out", as_predicted=True)
    assert [(capture.given, capture.exported) for capture in ring.list()] == [(None, False), ("bright", True)]


def test_exports_of_several_times_and_devices_can_be_merged(tmp_path: Path) -> None:
    first, second = (labelled(Ring(tmp_path / name), "bright", "dark") for name in ("a", "b"))
    keep(second, 7)
    second.give_label(second.list()[0].id, "bright")
    files: dict[str, bytes] = {}
    for number, ring in enumerate((first, second, first)):
        export(ring, tmp_path / f"out {number}")
        for path in (tmp_path / f"out {number}").rglob("*.png"):
            assert files.setdefault(path.name, path.read_bytes()) == path.read_bytes()
    assert len(files) == 3


@pytest.mark.parametrize("kind", ["file", "folder with something in it"])
def test_nothing_is_overwritten(kind: str, tmp_path: Path) -> None:
    ring, out = labelled(Ring(tmp_path / "ring"), "bright"), tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / ".hidden").write_text("mine")
    with pytest.raises(UsageError, match="is there already; an export overwrites nothing"):
        export(ring, out)
    assert (out if kind == "file" else out / ".hidden").read_text() == "mine"
    assert not ring.list()[0].exported


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    export(labelled(Ring(tmp_path / "ring"), "bright"), tmp_path / "out")
    assert names(tmp_path / "out") == ["bright"]


def test_an_export_that_fails_writes_nothing_and_notes_nothing(tmp_path: Path) -> None:
    ring = labelled(Ring(tmp_path / "ring"), "bright")
    broken = ring.add(b"GIF8 and no more", ".gif", facts(part=Part(0, 0, 0.5, 0.5)))
    assert broken
    ring.give_label(broken.id, "dark")
    with pytest.raises(Exception, match=f"{broken.id}.gif: cannot be decoded"):
        export(ring, tmp_path / "out")
    assert names(tmp_path) == ["ring"]
    assert not any(capture.exported for capture in ring.list())


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SinkError, match="file/out: cannot be written: "):
        export(labelled(Ring(tmp_path / "ring"), "bright"), tmp_path / "file" / "out")


def test_a_path_with_more_than_its_last_directory_missing_is_refused_and_nothing_is_made(tmp_path: Path) -> None:
    ring = labelled(Ring(tmp_path / "ring"), "bright")
    with pytest.raises(SinkError, match=r"out: cannot be written: there is no directory .*/dta; mend the path, or"):
        export(ring, tmp_path / "dta" / "out")
    assert names(tmp_path) == ["ring"]


def test_nothing_labelled_is_nothing_to_export(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "ring")
    keep(ring, 1)
    with pytest.raises(UsageError, match="none of 1 captures is labelled: nothing to export"):
        export(ring, tmp_path / "out")


@pytest.mark.parametrize(
    "part", [Part(0.25, 0.1, 0.75, 0.9), Part(0, 0, 0.33, 1), Part(0.5, 0.5, 0.501, 0.501), Part(0, 0, 1, 1)]
)
def test_the_region_that_the_model_was_shown_is_cut_out_as_it_was_shown(part: Part, tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    ring = Ring(tmp_path / "ring")
    kept = ring.add(file.getvalue(), ".png", facts(part=part))
    assert kept
    ring.give_label(kept.id, "bright")
    export(ring, tmp_path / "out")
    with Image.open(tmp_path / "out" / "bright" / f"{kept.id}.png") as image:
        left, right = round(part.left * 53), round(part.right * 53)
        top, bottom = round(part.top * 37), round(part.bottom * 37)
        assert np.array_equal(np.asarray(image), array[top : max(top + 1, bottom), left : max(left + 1, right)])


def test_a_region_is_of_the_upright_picture(tmp_path: Path) -> None:
    image = Image.new("RGB", (40, 20), (0, 0, 0))
    image.paste((255, 255, 255), (0, 0, 20, 20))  # the left half, which is the upper one once it is turned clockwise
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    image.save(file, "PNG", exif=exif)
    ring = Ring(tmp_path / "ring")
    kept = ring.add(file.getvalue(), ".png", facts(part=Part(0, 0, 1, 0.5)))
    assert kept
    ring.give_label(kept.id, "bright")
    export(ring, tmp_path / "out")
    with Image.open(tmp_path / "out" / "bright" / f"{kept.id}.png") as upright:
        assert upright.size == (20, 20)
        assert np.asarray(upright).min() == 255


def test_what_is_exported_can_be_read_by_others(tmp_path: Path) -> None:
    export(labelled(Ring(tmp_path / "ring"), "bright"), tmp_path / "out")
    for path in (tmp_path / "out", *(tmp_path / "out").rglob("*")):
        assert path.stat().st_mode & stat.S_IROTH


def test_a_label_given_while_it_is_exported_is_not_lost(tmp_path: Path) -> None:
    ring = labelled(Ring(tmp_path / "ring"), "bright")
    (before,) = ring.list()
    ring.give_label(before.id, "dark")
    ring.note_exported([before])
    assert ring.list() == [replace(before, given="dark")]


def test_of_pictures_with_another_content_none_takes_anothers_place(tmp_path: Path) -> None:
    ring = Ring(tmp_path / "ring")
    for number in range(30):
        kept = ring.add(picture(number), ".png", facts())
        assert kept
        ring.give_label(kept.id, "bright")
    export(ring, tmp_path / "out")
    assert len({path.read_bytes() for path in (tmp_path / "out" / "bright").iterdir()}) == 30
