"""A drawing of a benchmark as SVG text: a bar for each case, made of its steps. No library, so that devices can."""

from collections.abc import Sequence
from html import escape

from edge_runtime.benchmark.figures import Taken

WIDTH, LEFT, RIGHT, ROW, TOP = 960, 370, 150, 34, 96
# Okabe and Ito's colours: told apart by everybody, and in print.
STEPS = (("decode", "#56B4E9"), ("resize", "#009E73"), ("interpreter", "#E69F00"))
TAIL = 2.0  # medians of the slowest case that the drawing is wide
BELOW_TITLE = (
    "from file to labels, one after the other: median of each step, line to the 90th percentile; "
    "/s: with decoding beside the interpreter"
)
INK, PALE = "#222222", "#DDDDDD"


def as_svg(taken: Sequence[Taken], title: str, below: str) -> str:
    """Returns the drawing.

    Args:
        taken: Cases; those without a query are left out.
        title: Above it.
        below: A line under it: the machine.
    """
    done = [one for one in taken if one.queries]
    room = WIDTH - LEFT - RIGHT
    totals = [one.spread("total") for one in done]
    longest = max((total.p90 for total in totals), default=1e-3)
    # What else ran may make a 90th percentile of ten times the median; the bars are what the drawing is for.
    longest = min(longest, TAIL * max((total.p50 for total in totals), default=1e-3))
    tick = step_of(longest)
    height = TOP + ROW * len(done) + 60
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">',
        f'<g font-family="system-ui, sans-serif" font-size="13" fill="{INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        text(16, 30, title, size=18 if len(title) <= 90 else 12),  # two bundles have a longer one
        text(16, 52, BELOW_TITLE),
    ]
    for number, (name, colour) in enumerate(STEPS):
        parts += [
            f'<rect x="{16 + 120 * number}" y="64" width="12" height="12" fill="{colour}"/>',
            text(34 + 120 * number, 75, name),
        ]
    bottom = TOP + ROW * len(done)
    mark = 0
    while mark * tick <= longest * 1.0001:
        x = LEFT + room * mark * tick / longest
        parts += [
            f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="{PALE}"/>',
            text(x, bottom + 16, f"{mark * tick * 1e3:g}", anchor="middle"),
        ]
        mark += 1
    parts.append(text(LEFT + room + 30, bottom + 16, "ms"))
    for number, one in enumerate(done):
        parts += _bar(one, TOP + ROW * number, room / longest)
    parts += [text(16, height - 14, below, size=11), "</g>", "</svg>"]
    return "\n".join(parts) + "\n"


def step_of(longest: float) -> float:
    """Returns a distance of marks, in seconds: 1, 2 or 5 times a power of ten, giving 4 to 10 of them."""
    power = 10.0**-9
    while True:
        for factor in (1, 2, 5):
            if longest / (factor * power) <= 10:
                return factor * power
        power *= 10


def text(x: float, y: float, words: str, size: int = 13, anchor: str = "start") -> str:
    """Returns one line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{escape(words)}</text>'


def _bar(one: Taken, y: int, scale: float) -> list[str]:
    parts = [text(LEFT - 10, y + 18, shortened(one.case.name), size=12, anchor="end")]
    x = float(LEFT)
    for step, colour in STEPS:
        width = one.spread(step).p50 * scale
        parts.append(f'<rect x="{x:.1f}" y="{y + 4}" width="{width:.1f}" height="{ROW - 12}" fill="{colour}"/>')
        x += width
    total = one.spread("total")
    end, middle = min(LEFT + total.p90 * scale, WIDTH - RIGHT), y + ROW / 2 - 2
    beyond = LEFT + total.p90 * scale > WIDTH - RIGHT + 0.05
    parts.append(f'<line x1="{x:.1f}" y1="{middle}" x2="{end:.1f}" y2="{middle}" stroke="{INK}"/>')
    if beyond:  # an arrow, and how far it goes
        head = f"{end - 7:.1f},{middle - 4} {end:.1f},{middle} {end - 7:.1f},{middle + 4}"
        parts.append(f'<polyline points="{head}" fill="none" stroke="{INK}"/>')
        parts.append(text(end - 10, middle - 4, f"{total.p90 * 1e3:.1f}", size=10, anchor="end"))
    else:
        parts.append(f'<line x1="{end:.1f}" y1="{middle - 5}" x2="{end:.1f}" y2="{middle + 5}" stroke="{INK}"/>')
    rate = "" if one.throughput is None else f", {one.throughput:.0f}/s"
    parts.append(text(max(end, x) + 8, y + 18, f"{total.p50 * 1e3:.2f} ms{rate}", size=12))
    return parts


def shortened(words: str, room: int = 56) -> str:
    """Returns the end of what is too long for the left margin."""
    return words if len(words) <= room else "…" + words[1 - room :]
