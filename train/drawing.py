"""What all pictures of a run have in common: colours, fonts for every language, and the bytes of a PNG."""

import io
import textwrap
import warnings

from matplotlib import font_manager, rc_context
from matplotlib.figure import Figure

from edge_runtime.console import say

RIGHT, WRONG = "#1f5fbf", "#c8281e"  # blue and red that keep apart for most colour-blind readers
DPI = 120
# matplotlib's own font has no Korean, Chinese or Japanese; the first of these that is installed helps out.
MORE_FONTS = ("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "UnDotum", "Malgun Gothic", "Apple SD Gothic Neo")


def short(label: str) -> str:
    """Returns a label that fits under a picture of an inch and a half."""
    return (
        textwrap.shorten(label, 16, placeholder="…")
        if " " in label
        else label
        if len(label) <= 16
        else label[:15] + "…"
    )


def png(figure: Figure) -> bytes:
    """Returns the figure as a PNG; letters that no installed font has are mentioned once, and drawn as boxes."""
    installed = set(font_manager.get_font_names())
    content = io.BytesIO()
    # parse_math: a label such as "5$ or 10$" is a name, not a formula.
    fonts = ["DejaVu Sans", *(font for font in MORE_FONTS if font in installed)]
    with warnings.catch_warnings(record=True) as caught, rc_context({"font.family": fonts, "text.parse_math": False}):
        warnings.simplefilter("always")
        figure.savefig(content, format="png", dpi=DPI)
    if any("missing from" in str(warning.message) for warning in caught):
        say("note: no installed font can draw every label in the plots; Debian's fonts-nanum brings Korean")
    return content.getvalue()
