import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import DatasetError
from train.datasets.idx import parse_idx, read_idx

CONTENT = b"\0\0\x08\x02" + (2).to_bytes(4, "big") + (3).to_bytes(4, "big") + bytes([1, 2, 3, 4, 5, 6])
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def test_values_come_in_rows() -> None:
    assert parse_idx(CONTENT, "x").tolist() == [[1, 2, 3], [4, 5, 6]]
    assert parse_idx(CONTENT, "x").dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it starts with nothing"),
        (b"<html>", "not an idx file of unsigned bytes, it starts with 3c68746d"),
        (b"\0\0\x0d\x01" + bytes(8), "not an idx file of unsigned bytes"),  # 0x0D is float
        (CONTENT[:-1], r"18 bytes expected for the sizes \(2, 3\), 17 found"),
        (CONTENT + b"\0", r"18 bytes expected for the sizes \(2, 3\), 19 found"),
    ],
)
def test_what_is_not_an_idx_file_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(DatasetError, match=sentence):
        parse_idx(content, "x")


@pytest.mark.parametrize(("name", "content"), [("x", CONTENT), ("x.gz", gzip.compress(CONTENT))])
def test_raw_and_compressed_files_are_the_same(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert read_idx(tmp_path, "x", SHA256).shape == (2, 3)


def test_a_flipped_byte_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(CONTENT[:-1] + b"\7"))
    with pytest.raises(DatasetError, match=rf"x\.gz: content of sha256 {SHA256[:12]}… expected"):
        read_idx(tmp_path, "x", SHA256)


def test_a_truncated_gz_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(CONTENT)[:-9])
    with pytest.raises(DatasetError, match=r"x\.gz: cannot be read"):
        read_idx(tmp_path, "x", SHA256)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"x is missing, with or without \.gz"):
        read_idx(tmp_path, "x", SHA256)
