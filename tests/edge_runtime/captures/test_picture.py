import io
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
from PIL import Image

from edge_runtime.bundle.spec import PreprocessingSpec
from edge_runtime.captures.capture import MEDIA_TYPES
from edge_runtime.captures.picture import Form, encoded, suffix_of
from edge_runtime.errors import PictureError
from edge_runtime.preprocess import SUFFIXES, preprocess
from tests.edge_runtime.captures.kept import picture

FORMATS = {
    "BMP": ".bmp", "GIF": ".gif", "JPEG": ".jpg", "PNG": ".png", "PPM": ".ppm", "TIFF": ".tif", "WEBP": ".webp"
}  # fmt: skip


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_and_a_files_content_are_kept_to_the_byte(format: str, tmp_path: Path) -> None:
    content = picture(1, format=format)
    path = tmp_path / "no suffix"
    path.write_bytes(content)
    assert encoded(content) == encoded(path) == (content, FORMATS[format])


def test_every_suffix_is_one_that_training_and_browsers_know() -> None:
    assert set(FORMATS.values()) | {".pgm"} == set(MEDIA_TYPES)
    assert set(MEDIA_TYPES) <= set(SUFFIXES)


def test_a_format_that_is_not_known_is_kept_as_png_upright() -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 6), (10, 200, 30)).save(file, "TGA")
    content, suffix = encoded(file.getvalue())
    assert suffix == ".png"
    with Image.open(io.BytesIO(content)) as image:
        assert (image.size, image.getpixel((0, 0))) == ((4, 6), (10, 200, 30))


def test_a_small_array_loses_nothing() -> None:
    array = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    content, suffix = encoded(array)
    assert suffix == ".png"
    with Image.open(io.BytesIO(content)) as image:
        assert np.array_equal(np.asarray(image), array)


@pytest.mark.parametrize(("form", "beginning"), [("png", b"\x89PNG"), ("jpeg", b"\xff\xd8")])
@pytest.mark.parametrize("side", [8, 300])
def test_an_array_is_kept_in_the_form_that_was_asked_for(form: Form, beginning: bytes, side: int) -> None:
    content, _ = encoded(np.zeros((side, side, 3), np.uint8), form)
    assert content.startswith(beginning)
    assert encoded(content, form) == (content, suffix_of(content))  # what is a file already stays one


@pytest.mark.parametrize("size", [28, 96, 224])
def test_of_a_large_array_the_model_sees_the_same_but_for_half_a_grey_level(size: int) -> None:
    spec = PreprocessingSpec((size, size))
    for array in sklearn.datasets.load_sample_images().images:
        content, suffix = encoded(array)
        assert suffix == ".jpg"
        difference = preprocess(array, spec).astype(int) - preprocess(content, spec)
        assert np.abs(difference).mean() < 0.6  # 0.27 at 224; 0.50 at 96, for which a file is decoded at half its size


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="cannot be decoded"):
        encoded(b"no picture")
    with pytest.raises(FileNotFoundError):
        encoded(tmp_path / "gone.png")
