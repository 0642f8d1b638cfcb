"""Plots with labels in every language, where a font for it is installed."""

import subprocess
import sys
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from tests.support import ROOT

# The fonts of the machine are put away: a font for Korean among them would leave nothing to tell.
DRAW = """
import sys
from pathlib import Path
from matplotlib import font_manager, get_data_path
from matplotlib.figure import Figure
from train.drawing import png

font_manager.X11FontDirectories[:] = [str(Path.home() / ".local/share/fonts")]
known = font_manager.fontManager.ttflist
known[:] = [font for font in known if font.fname.startswith(get_data_path())]

figure = Figure()
axes = figure.subplots()
axes.set_title("신")
axes.set_xticks([0, 1], ["신", "5$ or 10$"])
for _ in range(2):
    sys.stdout.buffer.write(png(figure))
"""


def drawn(home: Path) -> tuple[bytes, str]:
    """Two pictures of a process with fonts of its own, and what it said."""
    settings = {
        "HOME": str(home),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "PATH": "/nowhere",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run([sys.executable, "-c", DRAW], env=settings, capture_output=True, check=True)
    return done.stdout, done.stderr.decode()


def install(fonts: Path) -> None:
    """Writes a font with the one letter 신, a square."""
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "sin"])
    builder.setupCharacterMap({ord("신"): "sin"})
    pen = TTGlyphPen(None)
    for at, move in ((100, pen.moveTo), (800, pen.lineTo)):
        move((at, at))
    pen.lineTo((800, 100))
    pen.closePath()
    glyph = pen.glyph()
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "sin": glyph})
    builder.setupHorizontalMetrics({".notdef": (900, 0), "sin": (900, 100)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "NanumGothic", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    fonts.mkdir(parents=True)
    builder.save(fonts / "NanumGothic.ttf")


def test_a_font_that_is_installed_later_draws_what_was_a_box(tmp_path: Path) -> None:
    before, said = drawn(tmp_path)
    assert said.count("note: no installed font can draw every label") == 1, said
    install(tmp_path / ".local/share/fonts")
    after, said = drawn(tmp_path)
    assert "no installed font" not in said
    assert after != before
