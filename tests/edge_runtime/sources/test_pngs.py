"""PNG pictures one behind the other, cut anywhere."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge_runtime.errors import PictureError, SourceError
from edge_runtime.preprocess import preprocess
from edge_runtime.sources.pngs import SIGNATURE, pngs
from tests.edge_runtime.samples import SPEC, flat


def png(value: int) -> bytes:
    file = BytesIO()
    Image.fromarray(flat(value, (20, 30))).save(file, "PNG")
    return file.getvalue()


PICTURES = [png(10), png(100), png(200)]


@given(st.lists(st.sampled_from(PICTURES), max_size=5), st.lists(st.integers(0, 200), max_size=20))
def test_pictures_are_found_wherever_the_stream_is_cut(contents: list[bytes], sizes: list[int]) -> None:
    def parts() -> Iterator[bytes]:
        data, at = b"".join(contents), 0
        for size in sizes:
            yield data[at : at + size]
            at += size
        yield data[at:]

    assert list(pngs(b"", parts())) == contents


@pytest.mark.parametrize("left", [1, 7, 8, 9, 40, 70])
def test_a_picture_that_breaks_off_is_counted_as_unreadable_and_not_lost(left: int) -> None:
    whole, half = pngs(PICTURES[0] + PICTURES[1][:left], iter([]))
    assert whole == PICTURES[0]
    with pytest.raises(PictureError):
        preprocess(half, SPEC.preprocessing)


@pytest.mark.parametrize("following", [b"something else than a PNG", SIGNATURE + b"\xff\xff\xff\xffIHDR"])
def test_what_is_no_png_is_a_failure_that_says_which_and_what_is_expected(following: bytes) -> None:
    found = pngs(PICTURES[0] + following, iter([]))
    assert next(found) == PICTURES[0]
    with pytest.raises(SourceError) as failed:
        next(found)
    assert str(failed.value) == ("-: picture 1 is no PNG of at most 33554432 bytes; one PNG behind the other expected")
