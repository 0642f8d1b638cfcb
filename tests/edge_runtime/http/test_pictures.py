import contextlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge_runtime.errors import PictureError
from edge_runtime.http.pictures import SHOWN, must_be_modest, small_jpeg
from tests.edge_runtime.samples import flat, save


def encoded(size: tuple[int, int] = (40, 30), form: str = "JPEG", orientation: int = 1) -> bytes:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = "where it was taken"
    Image.fromarray(flat(200, (size[1], size[0]))).save(out, form, exif=exif)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of 60 bytes that says it is as large as that."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_of_ordinary_size_is_taken(form: str) -> None:
    must_be_modest(encoded(form=form), 1200)


@pytest.mark.parametrize(("width", "height"), [(41, 30), (8000, 8000), (10_000, 10_000), (60_000, 60_000)])
def test_a_picture_with_too_many_pixels_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises(PictureError, match=r"at most 1200 are taken|more than 1200 pixels"):
        must_be_modest(bomb(width, height), 1200)


@pytest.mark.parametrize(
    "content", [b"", b"x", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_of_a_known_format_is_refused(content: bytes) -> None:
    with pytest.raises(PictureError, match="not one in a format that can be read"):
        must_be_modest(content, 1200)


@given(
    st.binary(max_size=64), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\x00", b"BM"])
)
def test_rubbish_is_refused_and_never_worse(tail: bytes, head: bytes) -> None:
    for work in (lambda content: must_be_modest(content, 100), small_jpeg):
        with contextlib.suppress(PictureError):
            work(head + tail)


def shown(picture: object) -> Image.Image:
    return Image.open(io.BytesIO(small_jpeg(picture)))  # type: ignore[arg-type]  # what a source may give


def test_a_picture_is_made_small_enough_for_the_page() -> None:
    for picture in (flat(90, (1080, 1920)), encoded((1920, 1080))):
        assert shown(picture).size == (640, 360)
    assert shown(encoded((300, 4000))).size[1] <= SHOWN[1]
    assert shown(flat(90, (28, 28))).size == (28, 28)


def test_a_picture_is_upright_and_says_nothing_else_that_its_file_said() -> None:
    picture = shown(encoded((40, 30), orientation=6))
    assert picture.size == (30, 40)
    assert not picture.getexif()


def test_a_file_is_read_when_it_is_looked_at_and_may_be_gone(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", value=200)
    assert abs(int(np.asarray(shown(path)).mean()) - 200) < 3
    path.unlink()
    with pytest.raises(PictureError, match="cannot be shown"):
        small_jpeg(path)
