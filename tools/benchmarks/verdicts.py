"""Measures section by section; says of each line at once whether it was reached, and of all in a table at the end."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from edge_runtime.commands.table import table
from edge_runtime.console import say
from edge_runtime.device.machine import this_machine
from edge_runtime.errors import EdgeError, IncompleteError, UsageError
from tools.benchmarks.turns import Line

Section = Callable[[], Iterable[Line]]


def run(sections: Mapping[str, Section], only: Sequence[str] | None, note: str, to: Path | None) -> int:
    """Measures, prints, and judges.

    Args:
        sections: What is measured, by name.
        only: Parts of names; None measures all.
        note: A word for the table's head.
        to: A file for programs.

    Raises:
        EdgeError: A ratio was not reached.
        IncompleteError: One could not be measured.
        UsageError: No section has one of the parts in its name.
    """
    for part in only or ():
        if not any(part in name for name in sections):
            raise UsageError(f"--only {part}: no section is called that; there are: {', '.join(sections)}")
    began = time.monotonic()
    lines: list[Line] = []
    missing: list[str] = []
    for name, section in sections.items():
        if only and not any(part in name for part in only):
            continue
        say(f"{name} …")
        try:
            for line in section():
                verdict = "ok" if line.reached else "NOT REACHED"
                sign = "≥" if line.least else "≤"
                say(f"{verdict:11} {line.found:8.3f} {sign} {line.wanted:<5g} {line.what} ({line.note})")
                lines.append(line)
        except (RuntimeError, OSError, EdgeError) as error:
            missing.append(f"{name}: {error}")
            say(f"NOT MEASURED {name}: {error}")
    machine = this_machine()
    load = os.getloadavg()[0]
    print(f"\n{machine.system}, {machine.cpus} CPUs ({' '.join(machine.features)}), Python {machine.python}")
    print(f"{time.monotonic() - began:.0f} s; load at the end {load:.1f}{f'; {note}' if note else ''}")
    rows = [
        [
            "ok" if line.reached else "NO",
            f"{line.found:.3f}",
            f"{'≥' if line.least else '≤'} {line.wanted:g}",
            line.what,
            line.note,
        ]
        for line in lines
    ]
    print(table(["", "found", "wanted", "what", "from"], rows, right=(1,)))
    for reason in missing:
        print(f"not measured: {reason}")
    if to:
        plain = {"machine": asdict(machine), "lines": [asdict(line) | {"reached": line.reached} for line in lines]}
        to.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n")
    failed = [line for line in lines if not line.reached]
    if failed:
        raise EdgeError(f"{len(failed)} of {len(lines)} not reached")
    if missing:
        raise IncompleteError(f"{len(missing)} not measured")
    return 0
