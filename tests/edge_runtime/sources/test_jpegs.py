"""JPEGs are found in streams by what they are made of; Pillow writes them, and the streams are spoilt on purpose."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge_runtime.sources.jpegs import JpegSplitter


def picture(seed: int, **options: object) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (24, 40, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


def with_thumbnail(seed: int) -> bytes:
    """A JPEG that holds another one, as cameras write them."""
    whole, thumbnail = picture(seed), picture(seed + 1)
    return whole[:2] + b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail + whole[2:]


PICTURES = [
    picture(1, quality=95),
    picture(2, progressive=True),
    picture(3, restart_marker_blocks=1),
    with_thumbnail(4),
    picture(5, comment=b"\xff\xd8\xff\xd9"),
    picture(6, optimize=True),
]
# What no picture begins with. A stray FF D8 FF would, and is tested apart.
garbage = st.binary(max_size=30).filter(lambda data: b"\xff" not in data)


def split(data: bytes, sizes: list[int], splitter: JpegSplitter) -> list[bytes]:
    found, at = [], 0
    for size in sizes:
        found += splitter.feed(data[at : at + size])
        at += size
    return found + splitter.feed(data[at:])


@given(st.lists(st.tuples(garbage, st.sampled_from(PICTURES))), garbage, st.lists(st.integers(0, 400)))
def test_whole_pictures_are_found_wherever_the_stream_is_cut_and_whatever_lies_between(
    parts: list[tuple[bytes, bytes]], end: bytes, sizes: list[int]
) -> None:
    splitter = JpegSplitter()
    data = b"".join(between + image for between, image in parts) + end
    assert split(data, sizes, splitter) == [image for _, image in parts]
    assert splitter.halves == 0
    assert splitter.rest() == b""


@pytest.mark.parametrize("image", PICTURES)
def test_a_picture_ends_with_its_last_byte(image: bytes) -> None:
    splitter = JpegSplitter()
    assert splitter.feed(image[:-1]) == []
    assert splitter.feed(image[-1:]) == [image]


# A half picture may end inside the length of a segment, which then is up to 65,535 bytes: after these it is found out.
LATER = [PICTURES[0], PICTURES[5]] * (70_000 // len(PICTURES[0] + PICTURES[5]) + 1)


@given(st.sampled_from(PICTURES[:3]), st.floats(0, 1, exclude_max=True))
def test_after_a_half_picture_all_others_are_whole_wherever_it_broke_off(image: bytes, share: float) -> None:
    splitter = JpegSplitter()
    found = splitter.feed(image[: 3 + int(share * (len(image) - 3))] + b"".join(LATER))
    assert found[1:] == LATER
    assert splitter.halves == 1
    assert _unreadable(found[0])


def test_a_half_picture_at_the_end_is_the_rest() -> None:
    splitter = JpegSplitter()
    assert splitter.feed(PICTURES[0] + PICTURES[1][:300]) == [PICTURES[0]]
    assert splitter.rest() == PICTURES[1][:300]
    assert splitter.rest() == b""


def test_a_picture_without_an_end_is_given_up_before_it_fills_the_memory() -> None:
    splitter = JpegSplitter(limit=10_000)
    found = splitter.feed(PICTURES[0][:-2])
    for _ in range(100):
        found += splitter.feed(bytes(1000))
    assert len(found) == splitter.halves == 1
    assert splitter.feed(PICTURES[1]) == [PICTURES[1]]


@given(st.lists(st.binary(max_size=300)))
def test_nothing_makes_it_stumble_and_nothing_is_held_without_a_reason(parts: list[bytes]) -> None:
    splitter = JpegSplitter(limit=500)
    found = [one for part in parts for one in splitter.feed(part)]
    held = splitter.rest()
    assert len(held) <= 500 + 300 + 65_537  # a segment may be waited for
    assert sum(map(len, found)) + splitter.skipped + len(held) <= sum(map(len, parts))


@given(st.integers(0, len(PICTURES[3]) - 1), st.integers(0, 255))
def test_a_byte_that_is_wrong_costs_no_later_picture(place: int, value: int) -> None:
    spoilt = PICTURES[3][:place] + bytes([value]) + PICTURES[3][place + 1 :]
    found = JpegSplitter().feed(spoilt + b"".join(LATER))
    assert found[-len(LATER) :] == LATER


def _unreadable(data: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    except Exception:  # noqa: BLE001  Pillow's decoders raise what there is
        return True
    return False
