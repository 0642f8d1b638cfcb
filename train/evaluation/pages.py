"""What every page of an evaluation is made with: templates, small pictures, and how a share is written."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

TEMPLATES = Path(__file__).parent / "templates"
SIDE = 96  # pixels of a small picture's longer side, at most
FEW_PIXELS = 48  # up to this side as PNG, exact; above it as JPEG, a third of the bytes


def thumbnail(pixels: NDArray[np.uint8]) -> str:
    """Returns a picture, uint8 ``[h, w, 3]``, as a ``data:`` address of a small one."""
    image = Image.fromarray(np.asarray(pixels))
    image.thumbnail((SIDE, SIDE))
    kind = "png" if max(image.size) <= FEW_PIXELS else "jpeg"
    content = io.BytesIO()
    image.save(content, kind, quality=85)
    return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"


def share(value: float | None, digits: int = 4) -> str:
    """Returns a share of 1 as text; an en dash for none."""
    return "–" if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Returns a share as per cent with as many digits as it takes to tell it from 0 and 100."""
    if value is None:
        return "–"
    if value in (0.0, 1.0):
        return f"{100 * value:.0f} %"
    texts = [f"{100 * value:.{digits}f}" for digits in (1, 2, 3)]
    return next((text for text in texts if float(text) not in (0.0, 100.0)), texts[-1]) + " %"


def interval(pair: Sequence[float] | None) -> str:
    return "–" if pair is None else f"{pair[0]:.4f} to {pair[1]:.4f}"


def render(template: str, **values: Any) -> bytes:
    """Returns a page: one file that needs no other."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"share": share, "percent": percent, "interval": interval, "thumbnail": thumbnail}
    return environment.get_template(template).render(values).encode()
