"""Frames on standard input; here they come through a pipe that the test writes to."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.errors import PictureError, SourceError
from edge_runtime.preprocess import preprocess
from edge_runtime.sources import Picture
from edge_runtime.sources.jpegs import LIMIT
from edge_runtime.sources.stdin import StdinSource, lengthwise
from tests.edge_runtime.samples import DEADLINE, SPEC, flat, save
from tests.edge_runtime.sources.mjpeg import jpeg
from tests.edge_runtime.sources.taking import SOON
from tests.support import ROOT

ONE, TWO = jpeg(flat(10, (20, 30))), jpeg(flat(200, (20, 30)))


def pictures(data: bytes) -> list[Picture]:
    """What becomes of all that is written before the pipe is closed."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as file:
            file.write(data)

    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(write)
        try:
            frames = list(StdinSource(reading, now=lambda: 5.0).frames(threading.Event()))
        finally:
            os.close(reading)
        written.exception(DEADLINE)
    assert [frame.number for frame in frames] == list(range(len(frames)))
    assert {(frame.source, frame.captured_at) for frame in frames} <= {("-", 5.0)}
    return [frame.picture for frame in frames]


def behind_length(*contents: bytes) -> bytes:
    return b"".join(len(content).to_bytes(4, "big") + content for content in contents)


@pytest.mark.parametrize("around", [b"%b", b"--frame\r\nContent-Type: image/jpeg\r\n\r\n%b\r\n", b"\r\n%b"])
def test_mjpeg_is_recognised_with_and_without_text_around_it(around: bytes) -> None:
    assert pictures(around % ONE + around % TWO) == [ONE, TWO]


def test_pictures_behind_their_length_are_recognised_whatever_their_format(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    png = save(tmp_path_factory.mktemp("png") / "a.png").read_bytes()
    assert pictures(behind_length(png, ONE, png, TWO)) == [png, ONE, png, TWO]


def test_one_png_is_judged_and_so_are_several_behind_each_other(tmp_path: Path) -> None:
    contents = [save(tmp_path / f"{value}.png", value, (300, 200)).read_bytes() for value in (10, 200)]
    assert pictures(contents[0]) == contents[:1]
    assert pictures(b"".join(contents)) == contents


def test_nothing_is_nothing() -> None:
    assert pictures(b"") == []
    assert not StdinSource().live


def test_a_picture_that_breaks_off_is_counted_as_unreadable_and_not_lost() -> None:
    for data in (ONE + TWO[:200], behind_length(ONE, TWO)[:-200]):
        whole, half = pictures(data)
        assert whole == ONE
        with pytest.raises(PictureError):
            preprocess(half, SPEC.preprocessing)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xd8", "-: ended after 2 bytes; MJPEG, PNG or pictures behind their length expected"),
        (b"hello, world", "-: no JPEG in 12 bytes; MJPEG, PNG or pictures behind their length expected"),
        (
            behind_length(ONE) + b"\xff\xff\xff\xff",
            "-: picture 1 would have 4294967295 bytes, at most 33554432 expected; ",
        ),
    ],
)
def test_what_is_neither_is_a_failure_that_says_what_is_expected(data: bytes, message: str) -> None:
    with pytest.raises(SourceError) as failed:
        pictures(data)
    assert str(failed.value).startswith(message)


def test_a_frame_comes_as_soon_as_it_is_there_and_a_stop_is_heard_while_none_comes() -> None:
    reading, writing = os.pipe()
    stop = threading.Event()
    with os.fdopen(writing, "wb", buffering=0) as file, ThreadPoolExecutor(1) as pool:
        frames = StdinSource(reading).frames(stop)
        for content in (ONE, TWO):
            file.write(behind_length(content))
            assert pool.submit(next, frames).result(DEADLINE).picture == content
        file.write(behind_length(ONE)[:100])  # and then nothing more
        threading.Timer(0.2, stop.set).start()
        start = time.monotonic()
        assert pool.submit(list, frames).result(DEADLINE) == []
        assert time.monotonic() - start < SOON
    os.close(reading)


def test_it_is_the_standard_input_of_a_program() -> None:
    code = """
import threading
from edge_runtime.sources.open import open_source
with open_source("-") as source:
    for frame in source.frames(threading.Event()):
        print(frame.number, len(frame.picture))
"""
    done = subprocess.run([sys.executable, "-c", code], input=ONE + TWO, cwd=ROOT, capture_output=True, timeout=60)
    assert done.stdout.decode().splitlines() == [f"0 {len(ONE)}", f"1 {len(TWO)}"]


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(0, 50), max_size=20))
def test_lengths_are_found_wherever_the_stream_is_cut(contents: list[bytes], sizes: list[int]) -> None:
    def parts() -> Iterator[bytes]:
        data, at = behind_length(*contents), 0
        for size in sizes:
            yield data[at : at + size]
            at += size
        yield data[at:]

    assert list(lengthwise(b"", parts())) == contents


@given(st.lists(st.binary(max_size=50)))
def test_no_bytes_make_it_stumble(parts: list[bytes]) -> None:
    try:
        found = list(lengthwise(b"", iter(parts)))
    except SourceError:
        return
    assert sum(map(len, found)) <= LIMIT
