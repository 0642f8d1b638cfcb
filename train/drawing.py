"""What all pictures of a run have in common: colours, fonts for every language, and the bytes of a PNG."""

import contextlib
import functools
import io
import textwrap
import warnings

from matplotlib import font_manager, rc_context
from matplotlib.figure import Figure
from matplotlib.text import Text

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
    content, boxes = _drawn(figure)
    if boxes and _new_fonts():
        content, boxes = _drawn(figure)
    if boxes:
        say_what_is_missing()
    return content


def _drawn(figure: Figure) -> tuple[bytes, bool]:
    """Returns the PNG, and whether a letter in it is a box."""
    installed = set(font_manager.get_font_names())
    fonts = ["DejaVu Sans", *(font for font in MORE_FONTS if font in installed)]
    content = io.BytesIO()
    # parse_math: a label such as "5$ or 10$" is a name, not a formula.
    with warnings.catch_warnings(record=True) as caught, rc_context({"font.family": fonts, "text.parse_math": False}):
        warnings.simplefilter("always")
        for text in figure.findobj(Text):  # those that are there have read other settings when they were made
            text.set_fontfamily(fonts)
            text.set_parse_math(False)
        figure.savefig(content, format="png", dpi=DPI)
    return content.getvalue(), any("missing from" in str(warning.message) for warning in caught)


def _new_fonts() -> bool:
    """Makes known what was installed since matplotlib listed the fonts; tells whether there was any."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    found = [path for path in font_manager.findSystemFonts() if path not in known]
    for path in found:
        with contextlib.suppress(OSError, RuntimeError):  # a damaged one
            font_manager.fontManager.addfont(path)
    return bool(found)


@functools.cache
def say_what_is_missing() -> None:
    say("note: no installed font can draw every label in the plots; Debian's fonts-nanum brings Korean")
