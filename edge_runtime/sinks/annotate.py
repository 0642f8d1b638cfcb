"""A picture with what was seen on it: label and score, and below them time and source, and the model."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from edge_runtime.errors import PictureError, SinkError
from edge_runtime.result import UNKNOWN, Event, Prediction, timestamp
from edge_runtime.sinks.lettering import Colour, Lettering
from edge_runtime.sources import Frame, Picture

SMALLEST = 320  # pixels of the longer side below which a picture is enlarged, or there is no room for words
NARROWEST = 240  # pixels of the band, for the same reason
LARGE, SMALL = 0.055, 0.026  # of the width: heights of the first line and of the two others
LEAST_LARGE, LEAST_SMALL = 18, 11  # pixels below which they are hard to read
BAND = (16, 18, 22)
WHITE, GREY = (255, 255, 255), (176, 182, 190)
SURE, UNSURE, CHANGED = (82, 196, 110), (150, 156, 164), (245, 178, 56)


def annotated(picture: Picture, result: Prediction | Event, width: int, lettering: Lettering) -> Image.Image:
    """Returns an RGB picture with a band below it.

    Args:
        picture: A file, a file's content, or uint8 RGB ``[h, w, 3]``.
        result: What was seen on it.
        width: Pixels of the longer side of what is shown of the picture, at most.
        lettering: Writes.

    Raises:
        PictureError: It cannot be decoded.
    """
    shown = fitted(upright(picture, width), width)
    across = max(shown.width, NARROWEST)
    large, small = max(LEAST_LARGE, round(LARGE * across)), max(LEAST_SMALL, round(SMALL * across))
    gap, bar = large // 3, large // 6
    canvas = Image.new("RGB", (across, shown.height + bar + large + 2 * small + 4 * gap), BAND)
    canvas.paste(shown, ((across - shown.width) // 2, 0))
    top = shown.height
    colour = _colour(result)
    canvas.paste(colour, (0, top, round(across * _share(result.score)), top + bar))
    top += bar + gap // 2
    score = f"{round(100 * _share(result.score))} %"
    right = across - gap - lettering.width(score, large)
    lettering.write(canvas, (right, top), score, large, WHITE)
    lettering.write(canvas, (gap, top), lettering.cut(_headline(result), large, right - 2 * gap), large, colour)
    top += large + gap
    for line in _lines(result):
        lettering.write(canvas, (gap, top), lettering.cut(line, small, across - 2 * gap), small, GREY)
        top += small + gap // 2
    return canvas


def drawn(address: str, frame: Frame | None, result: Prediction | Event, width: int, font: Lettering) -> Image.Image:
    """Returns the same for a sink that was told a result.

    Raises:
        SinkError: Its frame was let go before its turn, or cannot be decoded.
    """
    if frame is None:
        raise SinkError(f"{address}: frames come faster than they can be drawn and written")
    try:
        return annotated(frame.picture, result, width, font)
    except PictureError as error:
        raise SinkError(f"{address}: {error}") from error


def upright(picture: Picture, width: int) -> Image.Image:
    """Returns an RGB picture as a person would hold it; a large JPEG is decoded at a smaller scale, not below `width`.

    Raises:
        PictureError: It cannot be decoded.
    """
    if isinstance(picture, np.ndarray):
        return Image.fromarray(picture).convert("RGB")
    try:
        with Image.open(picture if isinstance(picture, Path) else io.BytesIO(picture)) as image:
            scale = width / max(image.size)
            image.draft("RGB", (int(image.width * scale), int(image.height * scale)))
            turned = ImageOps.exif_transpose(image)
            if turned.mode.startswith("I"):  # 16-bit grey, which Pillow would show as white above 255
                turned = Image.fromarray((np.asarray(turned).clip(0, 65535) >> 8).astype(np.uint8))
            return turned.convert("RGB")
    except Exception as error:
        # For damaged files Pillow's decoders raise OSError, SyntaxError, ValueError, TypeError and what else there is.
        name = picture if isinstance(picture, Path) else "picture"
        raise PictureError(f"{name}: cannot be decoded: {error}") from error


def fitted(image: Image.Image, width: int) -> Image.Image:
    """Returns a picture whose longer side is at most `width`, and at least `SMALLEST` by repeating pixels."""
    longer = max(image.size)
    if longer > width:
        scale = width / longer
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        return image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    if longer * 2 <= SMALLEST <= width:
        times = SMALLEST // longer
        return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)
    return image


def _headline(result: Prediction | Event) -> str:
    if isinstance(result, Event):
        return f"{result.previous} > {result.label}" if result.previous else result.label
    return f"{UNKNOWN} ({result.best[0][0]}?)" if result.label == UNKNOWN else result.label


def _lines(result: Prediction | Event) -> tuple[str, str]:
    model = result.identity
    return (
        f"{timestamp(result.captured_at)}  {result.source}  #{result.frame}",
        f"{model.bundle} {model.version} ({model.digest}) {model.variant}",
    )


def _colour(result: Prediction | Event) -> Colour:
    if result.label == UNKNOWN:
        return UNSURE
    return CHANGED if isinstance(result, Event) else SURE


def _share(score: float) -> float:
    return min(1.0, max(0.0, score))
