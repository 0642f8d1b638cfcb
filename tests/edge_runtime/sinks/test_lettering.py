from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFont

from edge_runtime.errors import SinkError
from edge_runtime.sinks.lettering import Lettering


class Old(Lettering):
    """As with a Pillow before 10.1, which has a small font of one size."""

    def _loaded(self, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return (
            ImageFont.load_default_imagefont()
            if hasattr(ImageFont, "load_default_imagefont")
            else super()._loaded(size)
        )


LETTERINGS = [Lettering(), Old()]


def written(lettering: Lettering, text: str, size: int) -> Image.Image:
    image = Image.new("RGB", (600, 100))
    lettering.write(image, (10, 20), text, size, (0, 255, 0))
    return image


@pytest.mark.parametrize("lettering", LETTERINGS)
@pytest.mark.parametrize("size", [11, 24, 48])
def test_a_line_is_as_high_and_wide_as_it_says(lettering: Lettering, size: int) -> None:
    left, top, right, bottom = written(lettering, "Ankle boot", size).getbbox() or (0, 0, 0, 0)
    assert 0.5 * size <= bottom - top <= 1.3 * size
    assert top >= 20
    assert left >= 10
    assert right - 10 == pytest.approx(lettering.width("Ankle boot", size), abs=0.1 * size + 1)


@pytest.mark.parametrize("lettering", LETTERINGS)
def test_it_is_written_in_its_colour_alone(lettering: Lettering) -> None:
    pixels = np.asarray(written(lettering, "Ankle boot", 48))
    assert pixels[..., 1].max() == 255
    assert not pixels[..., [0, 2]].any()


@pytest.mark.parametrize("lettering", LETTERINGS)
@pytest.mark.parametrize("text", ["신발", "👟", "a\nb", "", " ", "\x00", "é", "x" * 1000])
def test_any_text_can_be_written(lettering: Lettering, text: str) -> None:
    assert bool(written(lettering, text, 20).getbbox()) == bool(text.strip())


@pytest.mark.parametrize("lettering", LETTERINGS)
def test_what_does_not_fit_is_cut(lettering: Lettering) -> None:
    assert lettering.cut("Ankle boot", 20, 500) == "Ankle boot"
    cut = lettering.cut("Ankle boot", 20, lettering.width("Ankle...", 20))
    assert cut == "Ankle..."
    assert lettering.width(cut, 20) <= lettering.width("Ankle boot", 20)
    assert lettering.cut("Ankle boot", 20, 0) == "..."


def test_what_is_no_font_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("buy milk")
    with pytest.raises(SinkError, match=r"font=.*notes.txt: .*; a TrueType or OpenType file expected"):
        Lettering(tmp_path / "notes.txt")
