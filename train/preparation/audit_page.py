"""The audit as one page with thumbnails that needs nothing beside itself: no network, no script."""

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_runtime.stages.prepared import SPLITS, Prepared
from train.preparation.audit import clean
from train.preparation.findings import Audit, Place

SHOWN = 24  # findings of a kind with their pictures; audit.json has more
EACH = 8  # pictures shown of each label
LABELS = 100  # labels shown with pictures
SIDE = 96  # pixels of a thumbnail, the longer side
HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title><style>
:root {{ color-scheme: light dark; --line: #ddd; --behind: #eee; --bad: #8a1c12; --ink: #222; --paper: #fff; }}
@media (prefers-color-scheme: dark) {{
:root {{ --line: #3a424c; --behind: #1e252d; --bad: #ff9d8f; --ink: #e8ebee; --paper: #14181d; }} }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
color: var(--ink); background: var(--paper); overflow-wrap: anywhere; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; overflow-wrap: normal; }}
th, td {{ padding: .2rem .8rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }}
th:first-child, td:first-child, .words th, .words td {{ text-align: left; }}
.words td {{ overflow-wrap: anywhere; min-width: 4rem; }}
.group {{ display: flex; flex-wrap: wrap; gap: .8rem; padding: .6rem 0; border-bottom: 1px solid var(--line); }}
figure {{ margin: 0; width: 6rem; font-size: .75rem; }}
img {{ width: 6rem; height: 6rem; object-fit: contain; background: var(--behind); image-rendering: auto; }}
.warning li {{ color: var(--bad); }} .bad {{ color: var(--bad); font-weight: 600; }}
</style></head><body>"""


def page(found: Audit, prepared: Prepared) -> str:
    """Returns the page as HTML.

    Raises:
        OSError: An array cannot be read.
    """
    return "\n".join(_parts(found, prepared)) + "\n</body></html>\n"


def _parts(found: Audit, prepared: Prepared) -> Iterator[str]:
    height, width = prepared.record.spec.preprocessing.size
    title = escape(f"{found.dataset}: what there is to train on")
    total = sum(prepared.record.counts.values())
    yield HEAD.format(title=title) + f"<h1>{title}</h1>"
    yield (
        f"<p>{total:,} pictures of {len(found.counts):,} labels, {height} × {width} pixels as the model sees them. "
        f"From {escape(prepared.record.origin)}. Dataset {found.digest[:12]}.</p>"
    )
    if found.warnings:
        items = "".join(f"<li>{escape(sentence)}</li>" for sentence in found.warnings)
        yield f"<h2>To look at</h2><ul class=warning>{items}</ul>"
    else:
        yield "<p>Nothing was found that needs a look.</p>"
    yield from _counts(found)
    thumbnails = _Thumbnails(prepared)
    yield from _groups("The same picture more than once", found.duplicates, thumbnails)
    yield from _groups("Of one colour all over", _together(found.blank), thumbnails, found.blank_count)
    yield from _groups(
        "Less than half as large as what the model sees", _together(found.tiny), thumbnails, found.tiny_count
    )
    if found.left_out:
        rows = "".join(
            f"<tr><td>{escape(one.name)}</td><td>{escape(one.split)}</td><td>{escape(one.reason)}</td></tr>"
            for one in found.left_out
        )
        head = "<tr><th>picture<th>split<th>why</tr>"
        yield f"<h2>Left out ({found.left_out_count:,})</h2>"
        yield f"<div class=wide><table class=words>{head}{rows}</table></div>"
    yield "<h2>Training pictures of each label</h2>"
    for label, places in _examples(prepared):
        yield f"<h3>{escape(label)}</h3>" + _group(places, thumbnails, labels=False)


def _counts(found: Audit) -> Iterator[str]:
    head = "".join(f"<th>{name}" for name in SPLITS)
    rows = []
    for label, counts in found.counts.items():
        cells = "".join(f"<td>{counts[name]:,}" for name in SPLITS)
        rows.append(f"<tr><td>{escape(label)}{cells}<td>{sum(counts.values()):,}</tr>")
    yield f"<h2>Pictures</h2><div class=wide><table><tr><th>label{head}<th>all</tr>{''.join(rows)}</table></div>"


def _together(places: Sequence[Place]) -> list[Sequence[Place]]:
    return [places] if places else []


def _groups(
    title: str, groups: Sequence[Sequence[Place]], thumbnails: "_Thumbnails", count: int | None = None
) -> Iterator[str]:
    """Yields groups of pictures under a title; `count` is how many pictures there are where not all are listed."""
    if not groups:
        return
    yield f"<h2>{escape(title)}</h2>"
    for group in groups[:SHOWN]:
        yield _group(group, thumbnails)
        more = (count or len(group)) - SHOWN
        if more > 0:
            listed = "all" if count in (None, len(group)) else "the first"
            yield f"<p>… and {more:,} more; audit.json names {listed} {len(group):,}.</p>"
    if len(groups) > SHOWN:
        yield f"<p>… and more; audit.json lists {len(groups):,} of them.</p>"


def _group(places: Sequence[Place], thumbnails: "_Thumbnails", *, labels: bool = True) -> str:
    differ = len({place.label for place in places}) > 1, len({place.split for place in places}) > 1
    figures = []
    for place in places[:SHOWN]:
        words = ((place.label, differ[0]), (place.split, differ[1]), (place.name or f"number {place.index:,}", False))
        shown = words if labels else words[2:]
        caption = "<br>".join(f"<span{' class=bad' * bad}>{escape(word)}</span>" for word, bad in shown)
        figures.append(f'<figure><img alt="" src="{thumbnails.of(place)}"><figcaption>{caption}</figcaption></figure>')
    return f"<div class=group>{''.join(figures)}</div>"


def _examples(prepared: Prepared) -> Iterator[tuple[str, list[Place]]]:
    """Yields each label with some of its training pictures, spread over all of them."""
    indices = np.load(prepared.directory / "train_labels.npy")
    about = prepared.about("train")
    for number, label in enumerate(prepared.record.spec.labels[:LABELS]):
        all_of_it = np.flatnonzero(indices == number)
        chosen = all_of_it[np.linspace(0, len(all_of_it) - 1, min(EACH, len(all_of_it))).astype(int)]
        names = [clean(about.names[at]) if about else "" for at in chosen]
        yield label, [Place("train", int(at), label, name) for at, name in zip(chosen, names, strict=True)]


class _Thumbnails:
    """The prepared pictures, small and as addresses that hold the picture itself."""

    def __init__(self, prepared: Prepared) -> None:
        # Mapped: only the few that are shown are read. Not through `split`, which would read all for the digest.
        self._pixels: dict[str, NDArray[np.uint8]] = {
            name: np.load(prepared.directory / f"{name}_pixels.npy", mmap_mode="r") for name in SPLITS
        }

    def of(self, place: Place) -> str:
        image = Image.fromarray(np.asarray(self._pixels[place.split][place.index]))
        image.thumbnail((SIDE, SIDE))
        small = max(image.size) <= SIDE // 2
        content = io.BytesIO()
        if small:
            image.save(content, "png")
        else:
            image.save(content, "jpeg", quality=85)
        kind = "png" if small else "jpeg"
        return f"data:image/{kind};base64,{base64.b64encode(content.getvalue()).decode()}"
