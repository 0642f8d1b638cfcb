"""Columns on a terminal."""

from collections.abc import Sequence

ELLIPSIS = "…"


def row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Returns one line; a width below zero aligns to the right. Cells that are too wide lose their beginning."""
    parts = []
    for cell, width in zip(cells, widths, strict=True):
        room = abs(width)
        short = cell if len(cell) <= room else ELLIPSIS + cell[len(cell) - room + 1 :]
        parts.append(short.rjust(room) if width < 0 else short.ljust(room))
    return "  ".join(parts).rstrip()


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Returns a header and rows, each column as wide as its widest cell; columns in `right` align to the right."""
    widths = [max(len(line[column]) for line in (header, *rows)) for column in range(len(header))]
    signed = [-width if column in right else width for column, width in enumerate(widths)]
    return "\n".join(row(line, signed) for line in (header, *rows))


def size(count: int) -> str:
    """Returns a number of bytes for people: ``432 kB``, ``1.7 MB``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.{1 if count < 100 * factor else 0}f} {unit}"
    return f"{count} B"


def span(seconds: float) -> str:
    """Returns a length of time for people: ``45 s``, ``12 min 36 s``, ``2 h 5 min``."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, over = divmod(minutes, 60)
    if hours:
        return f"{hours} h {over} min" if over else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{whole} s" if whole == seconds or seconds > 1 else f"{seconds:.2g} s"
