"""What a prepared dataset is written in, row by row: tables, and arrays whose length nobody knows yet."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LEFT_OUT = "left_out.csv"


@dataclass(frozen=True)
class LeftOut:
    """A picture that is not in the dataset, and why, as a sentence."""

    split: str
    label: int
    name: str
    reason: str


def read_left_out(directory: Path) -> tuple[LeftOut, ...]:
    """Returns the pictures that a prepared dataset, finished or not, is without.

    Raises:
        OSError: The file with them cannot be read.
    """
    path = directory / LEFT_OUT
    if not path.is_file():
        return ()
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return tuple(LeftOut(row[0], int(row[1]), row[2], row[3]) for row in csv.reader(file))


def npy_header(count: int, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> bytes:
    """Returns what stands before the values in an ``.npy`` file of `count` items of `shape`.

    numpy leaves room for the first number to grow, so it is as long for any count.
    """
    header = io.BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(header, described)
    return header.getvalue()


def line(cells: tuple[object, ...]) -> bytes:
    """Returns a line of a table; a file's name of no encoding keeps its bytes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode("utf-8", "surrogateescape")
