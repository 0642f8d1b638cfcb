import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_runtime.errors import PictureError
from edge_runtime.sinks.annotate import CHANGED, SMALLEST, SURE, UNSURE, annotated, upright
from edge_runtime.sinks.lettering import Colour, Lettering
from tests.edge_runtime.samples import flat, save
from tests.edge_runtime.sinks.results import event, prediction

LETTERING = Lettering()


def colours(image: Image.Image) -> set[Colour]:
    return {(red, green, blue) for red, green, blue in np.asarray(image).reshape(-1, 3).tolist()}


def test_the_picture_is_whole_and_words_stand_below_it() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    image = annotated(pixels, prediction(), 640, LETTERING)
    assert image.mode == "RGB"
    assert image.width == 640
    assert image.height > 500
    assert np.array_equal(np.asarray(image)[:480], pixels)
    assert np.asarray(image)[480:].std() > 10


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0, 1.0000001])
def test_the_bar_is_as_long_as_the_score(score: float) -> None:
    image = annotated(flat(9, (300, 400)), replace(prediction(score=score), threshold=0.0), 640, LETTERING)
    row = np.asarray(image)[300]
    assert (row == SURE).all(axis=1).sum() == round(400 * min(score, 1))


def test_sure_unsure_and_changed_have_colours_of_their_own() -> None:
    sure, unsure = prediction(score=0.9), prediction(score=0.1)
    for result, colour in ((sure, SURE), (unsure, UNSURE), (event(), CHANGED), (event(label="unknown"), UNSURE)):
        found = colours(annotated(flat(9, (300, 400)), result, 640, LETTERING))
        assert found & {SURE, UNSURE, CHANGED} == {colour}


def test_a_small_picture_is_enlarged_and_a_large_one_made_smaller() -> None:
    assert annotated(flat(9, (28, 28)), prediction(), 1280, LETTERING).width == SMALLEST // 28 * 28
    assert annotated(flat(9, (3000, 4000)), prediction(), 1280, LETTERING).width == 1280


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (7, 5), (320, 240)])
def test_any_shape_can_be_drawn(size: tuple[int, int]) -> None:
    image = annotated(flat(200, size), prediction(), 1280, LETTERING)
    assert max(image.size) <= 1280 + 300
    assert image.width >= 240


def test_files_bytes_and_arrays_look_the_same(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", 77, (40, 50))
    images = [upright(picture, 640) for picture in (path, path.read_bytes(), flat(77, (40, 50)))]
    assert {image.tobytes() for image in images} == {flat(77, (40, 50)).tobytes()}


def test_a_picture_is_turned_as_its_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = io.BytesIO()
    Image.fromarray(flat(77, (40, 60))).save(content, "JPEG", exif=exif)
    assert upright(content.getvalue(), 640).size == (40, 60)


def test_a_large_jpeg_is_not_decoded_in_full() -> None:
    content = io.BytesIO()
    Image.fromarray(flat(77, (2400, 3200))).save(content, "JPEG")
    assert upright(content.getvalue(), 640).size == (800, 600)


def test_sixteen_bits_of_grey_are_not_all_white() -> None:
    content = io.BytesIO()
    Image.fromarray(np.full((4, 4), 0x8000, np.uint16)).save(content, "PNG")
    assert upright(content.getvalue(), 640).getpixel((0, 0)) == (128, 128, 128)


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff"])
def test_what_is_no_picture_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(PictureError, match="picture: cannot be decoded: "):
        upright(content, 640)
    with pytest.raises(PictureError, match=r"a\.png: cannot be decoded: "):
        upright(tmp_path / "a.png", 640)
