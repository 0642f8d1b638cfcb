"""``edge-runtime benchmark --sustain``: one case for as long as a device must bear it, a line a minute."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from edge_runtime.benchmark.figures import Case
from edge_runtime.benchmark.session import sustain
from edge_runtime.commands.table import span
from edge_runtime.console import say
from edge_runtime.errors import UsageError

MINUTE = 60.0


def one_of(cases: Sequence[Case], chosen: bool) -> Case:
    """Returns the case to judge with: the preferred variant with the most threads, unless one was chosen.

    Args:
        cases: The preferred first.
        chosen: Whether variant and threads were named.

    Raises:
        UsageError: More than one is left.
    """
    if len(cases) > 1 and not chosen:
        cases = [case for case in cases if case.threads == max(one.threads for one in cases)][:1]
    if len(cases) != 1:
        raise UsageError("--sustain takes one variant, one bundle and one number of threads")
    return cases[0]


def part_of(seconds: float, number: int) -> str:
    """Returns what a part of the whole is called: its minute, or how long it is where it is shorter than that.

    Args:
        seconds: Of the whole.
        number: Of the part, from 1.
    """
    left = seconds - (number - 1) * MINUTE
    return f"minute {number:>3}" if left >= MINUTE else f"{'last ' if number > 1 else ''}{span(left)}"


def tell(case: Case, pictures: Sequence[Path], seconds: float) -> int:
    """Judges for so long and prints a line for each minute; returns the exit code."""
    print(f"{case.title} {case.name}, {span(seconds)}", flush=True)
    first = 0.0
    try:
        with closing(sustain(case, pictures, seconds, min(MINUTE, seconds))) as parts:
            for number, part in enumerate(parts, 1):
                total, rate = part.spread("total"), part.queries / part.seconds
                first = first or rate
                degrees = "no temperature told" if part.temperature is None else f"{part.temperature:.0f} °C"
                print(
                    f"{part_of(seconds, number):<10}: {rate:7.1f} a second ({rate / first:.2f} of the first), p50 "
                    f"{total.p50 * 1e3:.2f} p90 {total.p90 * 1e3:.2f} p99 {total.p99 * 1e3:.2f} ms, "
                    f"{part.rss / 1e6:.0f} MB, {degrees}"
                    f"{', HELD BACK: ' + part.throttled if part.throttled else ''}",
                    flush=True,
                )
    except KeyboardInterrupt:
        say("\nedge-runtime: interrupted")
    return 0
