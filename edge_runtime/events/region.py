"""A region of interest as a person types it."""

import math

from edge_runtime.errors import UsageError
from edge_runtime.preprocess import Region

FORM = "left,top,right,bottom as shares (0.25,0,0.75,1) or in percent (25%,0%,75%,100%)"


def parse_region(text: str) -> Region:
    """Returns the region that `text` names: four shares of the upright picture, 0 to 1 or with a %.

    Raises:
        UsageError: It is no such thing, or nothing is left of the picture.
    """
    parts = text.split(",")
    if len(parts) != 4:
        raise UsageError(f"region '{text}': {FORM} expected, {len(parts)} values found")
    left, top, right, bottom = (_share(part.strip(), text) for part in parts)
    for name, low, other, high in (("right", left, "left", right), ("bottom", top, "top", bottom)):
        if not low < high:
            raise UsageError(f"region '{text}': {name} beyond {other} expected, {low:g} to {high:g} found")
    return Region(left, top, right, bottom)


def _share(part: str, text: str) -> float:
    try:
        share = float(part.removesuffix("%").rstrip()) / (100 if part.endswith("%") else 1)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        percent = "; write 25% for a quarter" if 1 < share <= 100 and not part.endswith("%") else ""
        raise UsageError(f"region '{text}': {FORM} expected, '{part}' found{percent}")
    return share
