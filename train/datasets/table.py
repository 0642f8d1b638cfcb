"""A CSV table of path and label, such as a labelling tool or a spreadsheet writes."""

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_runtime.errors import DatasetError, UsageError
from edge_runtime.stages.prepared import SPLITS, SplitName
from train.datasets.dataset import NO_SLICES, Found, Sample
from train.datasets.groups import grouped
from train.datasets.pictures import SPELLINGS, Listed, check_labels, origin_of, split

# What a header may call them; compared in lower case.
PATHS = ("path", "file", "filename", "file_name", "filepath", "file_path", "image", "image_path", "picture")
LABELS = ("label", "class", "class_name", "category", "target")
SPLIT = ("split", "set", "subset", "partition")
GROUP = ("group",)
SEPARATORS = "\t;,"  # a spreadsheet in Europe writes semicolons
LOOKED_AT = 50  # lines that tell which one it is


@dataclass(frozen=True)
class _Columns:
    """Which column is what; `slices` are the others, by name."""

    path: int
    label: int
    split: int | None
    group: int | None
    slices: dict[str, int]


@dataclass(frozen=True)
class Table:
    """The provider. Paths are relative to the table. What else it says of a picture becomes its slices."""

    path: Path
    size: tuple[int, int] = (96, 96)
    group_by: str = ""
    name: str = field(init=False)
    labels: tuple[str, ...] = field(init=False)
    _listed: tuple[Listed, ...] = field(init=False, repr=False)
    _slices: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows = _rows(self.path)
        columns, first = _columns(self.path, rows)
        rows = rows[first:]
        labels = tuple(sorted({_cell(self.path, line, row, columns.label) for line, row in rows}))
        if len(labels) < 2:
            found = f"1 found, '{labels[0]}'" if labels else "none found"
            raise DatasetError(f"{self.path}: rows with 2 or more labels expected, {found}")
        indices = {label: index for index, label in enumerate(labels)}
        listed = tuple(self._row(line, row, columns, indices) for line, row in rows)
        object.__setattr__(self, "name", unicodedata.normalize("NFC", self.path.stem) or "table")
        object.__setattr__(self, "labels", labels)
        if self.group_by and columns.group is not None:
            raise UsageError(f"--group-by {self.group_by}: {self.path} has a column group; take one of the two away")
        object.__setattr__(self, "_listed", grouped(listed, self.group_by) if self.group_by else listed)
        object.__setattr__(self, "_slices", tuple(columns.slices))

    def is_origin(self, origin: str) -> bool:
        return origin == origin_of(self.path, self._listed)

    def find(self, seed: int) -> Found:
        """Reads the files whose row names no split, once, to split them by content and `seed`.

        Raises:
            DatasetError: None of the files is there.
        """
        pictures = [sample.picture for sample, _ in self._listed if isinstance(sample.picture, Path)]
        if not any(picture.is_file() for picture in pictures):
            raise DatasetError(
                f"{self.path}: none of its {len(pictures):,} files is there, such as {pictures[0]}; "
                "paths are relative to the table: put it where they start, or write whole paths"
            )
        splits, passed = split(self._listed, seed)
        return Found(origin_of(self.path, self._listed), splits, passed, self._slices, self.group_by)

    def check(self, kept: dict[SplitName, list[int]]) -> None:
        check_labels(self.path, self.labels, kept, self._listed, "take the label's rows away")

    def _row(self, line: int, row: Sequence[str], columns: _Columns, indices: dict[str, int]) -> Listed:
        # Not normalised, as a label is: it must be the name on disk.
        text = row[columns.path].strip() if columns.path < len(row) else ""
        if not text:
            raise DatasetError(f"{self.path}: line {line}: no path in '{','.join(row)[:80]}'")
        picture = self.path.parent / text
        if "\\" in text and not picture.exists():
            picture = self.path.parent / text.replace("\\", "/")  # written on Windows
        slices = {name: row[at].strip() if at < len(row) else "" for name, at in columns.slices.items()}
        label = indices[_cell(self.path, line, row, columns.label)]
        at = columns.group
        group = row[at].strip() if at is not None and at < len(row) else ""
        return Sample(picture, label, text, slices or NO_SLICES, group), self._split(line, row, columns.split)

    def _split(self, line: int, row: Sequence[str], column: int | None) -> SplitName | None:
        text = "" if column is None or column >= len(row) else row[column].strip()
        if text and text.lower() not in SPELLINGS:
            raise DatasetError(f"{self.path}: line {line}: {', '.join(SPLITS)} or nothing expected, '{text}' found")
        return SPELLINGS[text.lower()] if text else None


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Returns the table's rows that are not empty, each with the number of its line.

    Raises:
        DatasetError: It cannot be read, or is no table.
    """
    try:
        text = path.read_text("utf-8-sig")  # Excel begins with a byte order mark
        first = text.partition("\n")[0]
        lines = text.splitlines(keepends=True)
        reader = csv.reader(lines, delimiter=_separator(lines[:LOOKED_AT]), strict=True)
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8: {error.reason}; save it again as 'CSV UTF-8'") from error
    except csv.Error as error:
        raise DatasetError(f"{path}: not a CSV table: {error}") from error
    if not rows:
        raise DatasetError(f"{path}: empty; a row with path and label for each picture expected")
    if len(rows[0][1]) < 2:
        raise DatasetError(f"{path}: a path and a label in each row expected, '{first.strip()[:80]}' found")
    return rows


def _separator(lines: Sequence[str]) -> str:
    """Returns what divides each line into as many cells as the others; a comma may also be part of a label."""
    for separator in SEPARATORS:
        widths = {len(row) for row in csv.reader(lines, delimiter=separator) if row}
        if len(widths) == 1 and widths != {1}:
            return separator
    return ","


def _columns(path: Path, rows: Sequence[tuple[int, Sequence[str]]]) -> tuple[_Columns, int]:
    """Returns which column is what, and how many rows are the header: 0 or 1.

    Raises:
        DatasetError: The header does not say which column is path and which label, or it names one twice.
    """
    cells = [unicodedata.normalize("NFC", cell.strip()) for cell in rows[0][1]]
    lower = [cell.lower() for cell in cells]
    named = next((at for at, cell in enumerate(lower) if cell in PATHS), None)
    labelled = next((at for at, cell in enumerate(lower) if cell in LABELS), None)
    if named is None and labelled is None:
        if not (path.parent / cells[0]).is_file() and "." not in cells[0]:
            raise DatasetError(
                f"{path}: line {rows[0][0]}: '{cells[0]}' is neither a file nor a header; "
                "begin with a line 'path,label'"
            )
        divided = 2 if _all_splits(row[2:3] for _, row in rows) else None
        others = [at for at in range(2, len(cells)) if at != divided]
        return _Columns(0, 1, divided, None, {f"column {at + 1}": at for at in others}), 0
    if named is None or labelled is None:
        lacking, choices = ("path", PATHS) if named is None else ("label", LABELS)
        raise DatasetError(
            f"{path}: line {rows[0][0]}: a column called {lacking} expected ({', '.join(choices)}), "
            f"{', '.join(cells)} found"
        )
    twice = next((cell for cell in cells if cells.count(cell) > 1), None)
    if twice is not None:
        raise DatasetError(f"{path}: line {rows[0][0]}: two columns are called '{twice}'; give one another name")
    divided = next((at for at, cell in enumerate(lower) if cell in SPLIT), None)
    group = next((at for at, cell in enumerate(lower) if cell in GROUP), None)
    others = [at for at in range(len(cells)) if at not in (named, labelled, divided, group)]
    return _Columns(named, labelled, divided, group, {cells[at] or f"column {at + 1}": at for at in others}), 1


def _all_splits(cells: Iterable[Sequence[str]]) -> bool:
    values = [cell[0].strip().lower() for cell in cells if cell]
    return bool(values) and all(value in SPELLINGS for value in values)


def _cell(path: Path, line: int, row: Sequence[str], column: int) -> str:
    text = unicodedata.normalize("NFC", row[column].strip()) if column < len(row) else ""
    if not text:
        raise DatasetError(f"{path}: line {line}: a path and a label expected, '{','.join(row)[:80]}' found")
    return text
