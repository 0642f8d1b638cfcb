"""Text on pictures, in the font that comes with Pillow, so that nothing has to be installed.

Pillow 10.1 and later carries one of any size with Latin letters; older ones a small fixed one, which is enlarged. What
neither can write becomes a question mark; a font of one's own writes what it knows.
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from edge_runtime.errors import SinkError

Colour = tuple[int, int, int]
FIXED = 11  # pixels of a line of the small font
CUT = "..."


class Lettering:
    """Writes in one font.

    Args:
        font: A font's file; None takes Pillow's own.

    Raises:
        SinkError: The file is no font.
    """

    def __init__(self, font: Path | None = None) -> None:
        self._file = font
        self._fonts: dict[int, ImageFont.FreeTypeFont | ImageFont.ImageFont] = {}
        self._font(FIXED)

    def write(self, image: Image.Image, place: tuple[int, int], text: str, size: int, colour: Colour) -> None:
        """Writes a line whose left upper corner is at `place`, `size` pixels high."""
        mask = self._mask(self._known(text), size)
        image.paste(colour, (place[0], place[1], place[0] + mask.width, place[1] + mask.height), mask)

    def width(self, text: str, size: int) -> int:
        """Returns how many pixels wide a line is."""
        font, scale = self._font(size)
        return round(font.getbbox(self._known(text))[2] * scale)

    def cut(self, text: str, size: int, width: int) -> str:
        """Returns as much of a text as fits."""
        if self.width(text, size) <= width:
            return text
        short, long = 0, len(text)
        while short < long:  # the longest beginning that fits with the dots
            middle = (short + long + 1) // 2
            if self.width(text[:middle] + CUT, size) <= width:
                short = middle
            else:
                long = middle - 1
        return text[:short] + CUT

    def _known(self, text: str) -> str:
        line = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
        return line if self._file else line.encode("latin-1", "replace").decode("latin-1")

    def _mask(self, text: str, size: int) -> Image.Image:
        font, scale = self._font(size)
        right, bottom = (max(1, round(edge)) for edge in font.getbbox(text)[2:])
        mask = Image.new("L", (right, bottom))
        ImageDraw.Draw(mask).text((0, 0), text, 255, font)
        if scale == 1:
            return mask
        return mask.resize((max(1, round(right * scale)), max(1, round(bottom * scale))), Image.Resampling.BICUBIC)

    def _font(self, size: int) -> tuple[ImageFont.FreeTypeFont | ImageFont.ImageFont, float]:
        """Returns a font, and by how much what it writes is to be enlarged."""
        if size not in self._fonts:
            self._fonts[size] = self._loaded(size)
        font = self._fonts[size]
        return font, (1 if isinstance(font, ImageFont.FreeTypeFont) else size / FIXED)

    def _loaded(self, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        if self._file:
            try:
                return ImageFont.truetype(str(self._file), size)
            except (OSError, ImportError) as error:
                raise SinkError(f"font={self._file}: {error}; a TrueType or OpenType file expected") from error
        try:
            return ImageFont.load_default(size)
        except (TypeError, ImportError):  # before Pillow 10.1, or built without FreeType
            return ImageFont.load_default()
