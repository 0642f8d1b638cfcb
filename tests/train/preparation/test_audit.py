import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.stages.prepared import Prepared, Split, SplitName, write_prepared
from tests.train.preparation.conftest import write_noise
from train.datasets.folder import Folder
from train.preparation.audit import audit, examine
from train.preparation.findings import LISTED, Audit
from train.preparation.prepare import Preparation, prepare

SPEC = PreprocessingSpec((16, 16))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """60 pictures each of two labels, one with a name that HTML would take for its own; split by hand."""
    root = tmp_path / "in"
    for seed, (split, label, count) in enumerate(
        (split, label, count)
        for split, count in (("train", 50), ("val", 5), ("test", 5))
        for label in ("<b>bolt", "너트")
    ):
        write_noise(root / split / label, count, seed)
    return root


def prepared(root: Path, out: Path) -> tuple[Audit, Preparation]:
    done = prepare(Folder(root), SPEC, 0, out)
    return examine(done.prepared), done


def test_good_pictures_give_no_warning_and_a_page_all_the_same(pictures: Path, tmp_path: Path) -> None:
    found, done = prepared(pictures, tmp_path / "out")
    assert found.warnings == done.warnings == ()
    assert found.counts["너트"] == {"train": 50, "validation": 5, "test": 5}
    page = (tmp_path / "out" / "audit.html").read_text()
    assert "Nothing was found that needs a look" in page
    assert page.count('src="data:image/') >= 16, "thumbnails of each label"


def test_a_copy_in_another_split_is_leakage_however_it_is_stored(pictures: Path, tmp_path: Path) -> None:
    with Image.open(pictures / "train" / "너트" / "0007.png") as image:
        image.save(pictures / "test" / "너트" / "other name.bmp")
    found, done = prepared(pictures, tmp_path / "out")
    assert (found.leaks, found.contradictions, found.duplicate_count) == (1, 0, 1)
    assert [(one.split, one.name) for one in found.duplicates[0]] == [
        ("train", "train/너트/0007.png"),
        ("test", "test/너트/other name.bmp"),
    ]
    assert done.warnings[0].startswith("1 picture is in more than one split: the model is judged on")


def test_the_same_picture_under_two_labels_is_told(pictures: Path, tmp_path: Path) -> None:
    shutil.copy(pictures / "train" / "너트" / "0007.png", pictures / "train" / "<b>bolt" / "copy.png")
    found, done = prepared(pictures, tmp_path / "out")
    assert (found.leaks, found.contradictions) == (0, 1)
    assert {one.label for one in found.duplicates[0]} == {"<b>bolt", "너트"}
    assert done.warnings[0] == "1 picture is under more than one label: one of the labels is wrong"


def test_without_splits_of_ones_own_copies_of_a_file_never_leak(tmp_path: Path) -> None:
    for seed, label in enumerate("ab"):
        write_noise(tmp_path / "in" / label, 60, seed)
        for picture in sorted((tmp_path / "in" / label).iterdir()):
            shutil.copy(picture, picture.with_name(f"copy of {picture.name}"))
    found, _ = prepared(tmp_path / "in", tmp_path / "out")
    assert (found.leaks, found.duplicate_count) == (0, 120)


def test_few_uneven_tiny_and_blank_pictures_are_told(pictures: Path, tmp_path: Path) -> None:
    for picture in sorted((pictures / "train" / "너트").iterdir())[4:]:
        picture.unlink()
    Image.new("RGB", (16, 16), (7, 7, 7)).save(pictures / "test" / "너트" / "blank.png")
    Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 7), np.uint8)).save(
        pictures / "train" / "<b>bolt" / "thin.png"
    )
    found, done = prepared(pictures, tmp_path / "out")
    assert [one.name for one in found.blank] == ["test/너트/blank.png"]
    assert [one.name for one in found.tiny] == ["train/<b>bolt/thin.png"]
    assert done.warnings == (
        "fewer than 50 pictures of '너트' (15): what is measured of them is mostly chance",
        "13 times as many training pictures of '<b>bolt' (51) as of '너트' (4): the model will tend to the former",
        "1 picture is less than half as large, either way, as what the model sees: blurred",
        "1 picture is of one colour all over",
    )


def test_pictures_of_every_mode_are_taken_and_what_is_odd_is_counted_and_named(pictures: Path, tmp_path: Path) -> None:
    place = pictures / "train" / "너트"
    draw = np.random.default_rng(0)
    colour = [Image.fromarray(draw.integers(0, 256, (20, 20, 3), np.uint8)) for _ in range(4)]
    colour[0].convert("CMYK").save(place / "print.jpg")
    Image.fromarray(draw.integers(0, 65536, (20, 20)).astype(np.uint16)).save(place / "x-ray.png")
    Image.fromarray(draw.integers(0, 65536, (20, 20)).astype(np.uint16)).save(place / "x-ray.tiff")
    colour[1].quantize(16).save(place / "palette.png")
    for name in ("loop.gif", "loop.webp", "loop.png"):
        colour[1].save(place / name, save_all=True, append_images=colour[2:])
    colour[3].putalpha(100)
    colour[3].save(place / "glass.png")
    found, done = prepared(pictures, tmp_path / "out")
    assert done.left_out == ()
    assert found.counts["너트"]["train"] == 58
    assert found.kinds == {"animated": 3, "transparent": 1, "16-bit": 2, "CMYK": 1}
    assert {word: sorted(one.name for one in places) for word, places in found.unusual.items()} == {
        "animated": ["train/너트/loop.gif", "train/너트/loop.png", "train/너트/loop.webp"],
        "transparent": ["train/너트/glass.png"],
        "16-bit": ["train/너트/x-ray.png", "train/너트/x-ray.tiff"],
        "CMYK": ["train/너트/print.jpg"],
    }
    assert "3 pictures are animated: the first frame is taken" in done.warnings
    page = (tmp_path / "out" / "audit.html").read_text()
    section = page[page.index('<h2 id="unusual">') : page.index('<h2 id="labels">')]
    assert "<h3>Animated: the first frame is taken" in section
    assert section.count('src="data:image/') == 7
    assert "train/너트/x-ray.tiff" in section


def test_an_unusual_file_of_a_later_split_has_its_place_there(pictures: Path, tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8))
    noise.convert("CMYK").save(pictures / "test" / "<b>bolt" / "print.jpg")
    noise.convert("CMYK").rotate(90).save(pictures / "val" / "너트" / "print.jpg")
    found, done = prepared(pictures, tmp_path / "out")
    assert [(one.split, one.label, one.name) for one in found.unusual["CMYK"]] == [
        ("validation", "너트", "val/너트/print.jpg"),
        ("test", "<b>bolt", "test/<b>bolt/print.jpg"),
    ]
    for one in found.unusual["CMYK"]:
        about = done.prepared.about(one.split)
        assert about is not None
        assert about.names[one.index] == one.name


def test_of_many_unusual_files_the_first_are_named_and_all_are_counted(pictures: Path, tmp_path: Path) -> None:
    for number in range(LISTED + 5):
        noise = np.random.default_rng(number).integers(0, 256, (20, 20, 4), np.uint8)
        Image.fromarray(noise).save(pictures / "train" / "너트" / f"glass {number}.png")
    found, _ = prepared(pictures, tmp_path / "out")
    assert (found.kinds["transparent"], len(found.unusual["transparent"])) == (LISTED + 5, LISTED)
    page = (tmp_path / "out" / "audit.html").read_text()
    assert f"… and {LISTED + 5 - 24} more; audit.json names the first {LISTED}." in page


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tiff"])
def test_a_broken_off_animation_is_taken_or_left_out_but_stops_nothing(
    suffix: str, pictures: Path, tmp_path: Path
) -> None:
    draw = np.random.default_rng(0)
    frames = [Image.fromarray(draw.integers(0, 256, (20, 20, 3), np.uint8)) for _ in range(3)]
    whole = tmp_path / f"loop.{suffix}"
    frames[0].save(whole, save_all=True, append_images=frames[1:])
    content = whole.read_bytes()
    for share in range(1, 20):
        (pictures / "train" / "너트" / f"{share}.{suffix}").write_bytes(content[: len(content) * share // 20])
    found, done = prepared(pictures, tmp_path / "out")
    assert found.counts["너트"]["train"] + len(done.left_out) == 50 + 19


def test_a_heic_picture_with_another_suffix_is_named_for_what_it_is(pictures: Path, tmp_path: Path) -> None:
    # How such a file begins: the size of the box, its kind, the brand (ISO/IEC 14496-12).
    (pictures / "train" / "너트" / "IMG_0001.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    found, done = prepared(pictures, tmp_path / "out")
    assert found.left_out_count == 1
    assert "IMG_0001.jpg: not a picture in a format that can be read; HEIC is not read" in done.left_out[0].reason
    assert done.warnings[0] == "1 picture is left out as unreadable"


def test_the_page_needs_no_network_and_takes_no_name_for_html(pictures: Path, tmp_path: Path) -> None:
    (pictures / "train" / "너트" / "<img src=x>.png").write_bytes(b"no picture")
    prepared(pictures, tmp_path / "out")
    page = (tmp_path / "out" / "audit.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    assert "<b>bolt" not in page
    assert "&lt;b&gt;bolt" in page
    assert "<img src=x>" not in page


def test_copies_say_what_is_wrong_with_them_and_what_is_merely_blank_does_not(pictures: Path, tmp_path: Path) -> None:
    shutil.copy(pictures / "train" / "너트" / "0007.png", pictures / "test" / "<b>bolt" / "copy.png")
    Image.new("RGB", (16, 16), (7, 7, 7)).save(pictures / "test" / "너트" / "blank.png")
    Image.new("RGB", (16, 16), (9, 9, 9)).save(pictures / "train" / "<b>bolt" / "blank.png")
    prepared(pictures, tmp_path / "out")
    page = (tmp_path / "out" / "audit.html").read_text()
    copies, blank = page[page.index('id="copies"') : page.index('id="blank"')], page[page.index('id="blank"') :]
    assert '<span class="wrong">in 2 splits</span> <span class="wrong">under 2 labels</span>' in copies
    assert '<span class="wrong">너트</span><br><span class="wrong">train</span>' in copies
    assert 'class="wrong"' not in blank


def test_of_more_labels_than_are_shown_the_page_says_so(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (101, 16, 16, 3), np.uint8)
    one_each = Split(pixels, np.arange(101))
    spec = ModelSpec(tuple(f"label {number}" for number in range(101)), SPEC)
    splits: dict[SplitName, Split] = {"train": one_each, "validation": one_each, "test": one_each}
    written = write_prepared(tmp_path / "out", name="many", origin="here", grey=False, spec=spec, seed=0, splits=splits)
    audit(written)
    page = (tmp_path / "out" / "audit.html").read_text()
    assert "<p>Of the 101 labels the first 100.</p>" in page
    assert "<h3>label 99</h3>" in page
    assert "<h3>label 100</h3>" not in page


def test_more_than_are_shown_are_counted(pictures: Path, tmp_path: Path) -> None:
    for number in range(35):
        noise = np.random.default_rng(number).integers(0, 256, (6, 6, 3), np.uint8)
        Image.fromarray(noise).save(pictures / "train" / "너트" / f"small {number}.png")
    for number in range(30):
        shutil.copy(pictures / "train" / "<b>bolt" / "0000.png", pictures / "train" / "<b>bolt" / f"copy {number}.png")
    prepared(pictures, tmp_path / "out")
    page = (tmp_path / "out" / "audit.html").read_text()
    assert "35 pictures are less than half as large" in page
    assert "… and 11 more; audit.json names all 35." in page
    assert "… and 7 more; audit.json names all 31." in page


def test_its_findings_can_be_read_by_programs(pictures: Path, tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8))
    noise.convert("CMYK").save(pictures / "train" / "<b>bolt" / "print.jpg")
    found, done = prepared(pictures, tmp_path / "out")
    read = json.loads((tmp_path / "out" / "audit.json").read_text())
    assert read["digest"] == done.prepared.digest
    assert read["counts"] == found.counts
    assert read["kinds"] == {"CMYK": 1}
    name = "train/<b>bolt/print.jpg"
    [place] = found.unusual["CMYK"]
    assert read["unusual"] == {
        "CMYK": [{"split": "train", "index": place.index, "label": "<b>bolt", "name": name}],
    }


def test_a_dataset_that_was_prepared_without_one_gets_it_afterwards(pictures: Path, tmp_path: Path) -> None:
    prepared(pictures, tmp_path / "out")
    (tmp_path / "out" / "audit.html").unlink()
    assert not prepare(Folder(pictures), SPEC, 0, tmp_path / "out").fresh
    assert (tmp_path / "out" / "audit.html").is_file()


def test_what_knows_no_names_is_audited_too(small: Prepared) -> None:
    found = examine(small)
    assert sum(counts["train"] for counts in found.counts.values()) == 2000
    assert found.leaks == 0
