"""From a template to a page: one file that needs no other, no network and no script."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

SHARED = Path(__file__).parent / "templates"  # page.html with the style, which a page extends; parts.html with macros


def render(template: Path, **values: Any) -> bytes:
    """Returns a page. Every value is escaped, unless it is `markupsafe.Markup`.

    Args:
        template: A template's file; what it extends or imports lies beside it or in `SHARED`.
        values: What it names.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, SHARED]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"share": share, "percent": percent, "interval": interval}
    # "replace": a file's name that is in no encoding becomes readable, and never stops a page.
    return environment.get_template(template.name).render(values).encode("utf-8", "replace")


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
    """Returns both ends of an interval of shares as text; an en dash for none."""
    return "–" if pair is None else f"{pair[0]:.4f} to {pair[1]:.4f}"
