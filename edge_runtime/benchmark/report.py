"""What was measured, for people as a table and for programs as JSON."""

import json
from collections.abc import Sequence
from typing import Any

from edge_runtime import __version__
from edge_runtime.benchmark.figures import STEPS, Taken
from edge_runtime.commands.table import table
from edge_runtime.device.machine import Machine

SCHEMA_VERSION = 1
HEADER = (
    *("variant", "runtime", "threads", "load", "first"),
    *("decode", "resize", "interpreter", "total p50", "p90", "p99"),
    *("a second", "pipelined", "memory", "ratio"),
)


def as_table(taken: Sequence[Taken]) -> str:
    """Returns a line for each case that was measured, times in milliseconds, and a sentence for each that was not.

    The last column is the median total against the first case's: with cases measured in turns it is what can be
    trusted on a device that does other things as well.
    """
    done = [one for one in taken if one.queries]
    lines = []
    if done:
        base = done[0].spread("total").p50
        rows = [_row(one, base) for one in done]
        lines.append(table(HEADER, rows, right=range(2, len(HEADER))))
        lines.append("times in ms, medians where nothing else is said; from file to labels, one after the other")
    lines += [f"not measured: {one.case.name}: {one.failure}" for one in taken if one.failure]
    degrees = [one.temperature for one in done if one.temperature is not None]
    lines.append(f"processor: {max(degrees):.0f} °C at most" if degrees else "processor: no temperature is told here")
    held = sorted({one.throttled for one in done if one.throttled})
    lines += [f"HELD BACK: {'; '.join(held)}: figures are worse than the device's"] if held else []
    energy = [f"{one.case.marked} {one.joules * 1e3:.1f} mJ" for one in done if one.joules]
    lines += [f"energy of the processor for a picture: {', '.join(energy)}"] if energy else []
    return "\n".join(lines)


def as_json(taken: Sequence[Taken], machine: Machine, pictures: str) -> str:
    """Returns everything as JSON: seconds, bytes, joules, °C."""
    plain = {
        "schema_version": SCHEMA_VERSION,
        "edge_runtime": __version__,
        "machine": {
            "system": machine.system,
            "python": machine.python,
            "cpus": machine.cpus,
            "features": list(machine.features),
            "memory": machine.memory,
        },
        "pictures": pictures,
        "method": "single stream (MLPerf Mobile), cases in turns of half a second, a process each",
        "cases": [_plain(one) for one in taken],
    }
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def _row(one: Taken, base: float) -> list[str]:
    assert one.start
    total = one.spread("total")
    return [
        one.case.marked,
        one.start.runtime,
        str(one.case.threads),
        f"{one.start.load * 1e3:.0f}",
        f"{one.start.first * 1e3:.0f}",
        *(f"{one.spread(step).p50 * 1e3:.2f}" for step in ("decode", "resize", "interpreter")),
        *(f"{value * 1e3:.2f}" for value in (total.p50, total.p90, total.p99)),
        f"{one.queries / one.seconds:.0f}",
        "-" if one.throughput is None else f"{one.throughput:.0f}",
        f"{one.rss / 1e6:.0f} MB",
        f"{total.p50 / base:.2f}",
    ]


def _plain(one: Taken) -> dict[str, Any]:
    case = one.case
    plain: dict[str, Any] = {
        "bundle": case.title,
        "variant": case.variant,
        "interpreter": case.package,
        "threads": case.threads,
    }
    if one.failure:
        plain["failure"] = one.failure
    if one.start:
        plain |= {"runtime": one.start.runtime, "load_seconds": one.start.load, "first_result_seconds": one.start.first}
    if one.queries:
        plain |= {"queries": one.queries, "seconds": one.seconds, "pictures_per_second": one.queries / one.seconds}
        for step in STEPS:
            found = one.spread(step)
            plain[f"{step}_seconds"] = {"p50": found.p50, "p90": found.p90, "p99": found.p99}
    return plain | {
        "pipelined_pictures_per_second": one.throughput,
        "resident_bytes": one.rss or None,
        "joules_per_picture": one.joules,
        "temperature_celsius": one.temperature,
        "throttled": one.throttled or None,
    }
