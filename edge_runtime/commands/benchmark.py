"""``edge-runtime benchmark``: how fast this device judges with each variant of a bundle."""

import argparse
import errno
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from edge_runtime.benchmark.figures import Case, Taken
from edge_runtime.benchmark.picture import as_svg
from edge_runtime.benchmark.progress import Progress, announced
from edge_runtime.benchmark.report import as_json, as_table
from edge_runtime.benchmark.samples import enlarged
from edge_runtime.benchmark.session import measure
from edge_runtime.bundle.manifest import Variant
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import by_preference, default_threads
from edge_runtime.commands.numbers import duration, not_negative, positive
from edge_runtime.commands.options import add_keys
from edge_runtime.commands.sustaining import one_of, tell
from edge_runtime.commands.table import span
from edge_runtime.console import say
from edge_runtime.device.machine import Machine, this_machine
from edge_runtime.disk import no_way_to
from edge_runtime.errors import EdgeError, InterpreterMissing, UsageError
from edge_runtime.files import write_atomically
from edge_runtime.runtimes import INTERPRETERS, Interpreter
from edge_runtime.sources.files import expand
from edge_runtime.trust import open_trusted

QUERIES, SECONDS = 1024, 60.0  # MLPerf Mobile's single stream
PIPELINED = 3.0  # seconds for the throughput of each case
HELD = 100e6  # bytes that a worker takes with a model of 20 MB; half of what is available is left to others


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's directory")
    parser.add_argument("--compare", type=Path, metavar="BUNDLE", help="another bundle, measured side by side")
    parser.add_argument(
        "--interpreters", action="store_true", help="every installed interpreter, not only the one that would be taken"
    )
    parser.add_argument(
        "--variant",
        action="append",
        dest="variants",
        metavar="NAME",
        help="this one only (default: all); may be given several times",
    )
    parser.add_argument(
        "--threads",
        type=positive,
        action="append",
        metavar="N",
        help="of the interpreter, may be given several times (default: 1, and what 'run' would take)",
    )
    parser.add_argument(
        "--pictures",
        nargs="+",
        metavar="PATH",
        help="files, directories or globs that are judged (default: the bundle's golden samples as JPEG of 640 × 480)",
    )
    parser.add_argument(
        "--queries", type=positive, default=QUERIES, metavar="N", help="of each case at least (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=not_negative, default=SECONDS, metavar="S", help="each at least (default: %(default)s)"
    )
    parser.add_argument(
        "--sustain", type=duration, metavar="TIME", help="judge with one variant for so long (30m), a line a minute"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures for programs")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write a picture of them")
    add_keys(parser)
    parser.epilog = """Each variant, interpreter and number of threads is a case, with a process of its own; they take
turns of half a second, so that ratios are right also where other things run. The method is MLPerf's single
stream: at least 1,024 queries and 60 s of each. How long all takes is said first. Ctrl-C ends it with
what was measured.

columns:
  load         importing the interpreter and loading the variant; first: from
               the first file to its labels
  decode, resize, interpreter, total
               of one file after the other; total p50, p90, p99: percentiles
  a second     files a second, one after the other; pipelined: as 'run' does
               it, with decoding beside the interpreter
  ratio        the median total against the first line's

examples:
  edge-runtime benchmark bundles/parts
  edge-runtime benchmark bundles/parts --seconds 5 --queries 100 --svg speed.svg
  edge-runtime benchmark bundles/new --compare bundles/old --variant full_int8
  edge-runtime benchmark bundles/parts --variant full_int8 --sustain 30m"""


def run(arguments: argparse.Namespace) -> int:
    bundles = [open_trusted(path, arguments.keys or ()) for path in (arguments.bundle, arguments.compare) if path]
    threads = arguments.threads or sorted({1, default_threads()})
    cases = cases_of(bundles, arguments.variants or [], threads, arguments.interpreters)
    for target in (arguments.json, arguments.svg):
        if target:
            if arguments.sustain:
                raise UsageError(f"{target}: --sustain tells a line a minute and writes neither --json nor --svg")
            _check_writable(target)
    machine = this_machine()
    with tempfile.TemporaryDirectory(prefix="edge-benchmark-") as place:
        if arguments.pictures:
            pictures, named = expand(arguments.pictures), " ".join(arguments.pictures)
        else:
            pictures, named = enlarged(bundles[0], Path(place)), "golden samples as JPEG of 640 × 480"
        if arguments.sustain:
            return tell(one_of(cases, bool(arguments.variants and arguments.threads)), pictures, arguments.sustain)
        taken = _measure(cases, pictures, arguments, machine)
    marks = [f"{mark}: " * bool(mark) for mark in told_apart([bundle.directory for bundle in bundles])]
    titles = "; ".join(f"{mark}{bundle.title}" for mark, bundle in zip(marks, bundles, strict=True))
    print(f"{titles} on {machine.system}, {machine.cpus} CPUs; {named}")
    print(as_table(taken))
    if arguments.json:
        write_atomically(arguments.json, as_json(taken, machine, named).encode())
        say(f"edge-runtime: figures are in {arguments.json}")
    if arguments.svg:
        below = f"{machine.system}, {machine.cpus} CPUs ({' '.join(machine.features)}); {named}"
        write_atomically(arguments.svg, as_svg(taken, titles, below).encode())
        say(f"edge-runtime: a picture of them is in {arguments.svg}")
    if not any(one.queries for one in taken):
        raise EdgeError("nothing was measured")
    return 0


def cases_of(bundles: Sequence[Bundle], names: Sequence[str], threads: Sequence[int], every: bool) -> list[Case]:
    """Returns what is to be measured: the same variant of all bundles stands together.

    Args:
        bundles: One or two.
        names: Variants; none for all of them.
        threads: Numbers of threads.
        every: All installed interpreters, not the preferred one alone.

    Raises:
        VariantError: A bundle has no such variant.
        InterpreterMissing: No interpreter is installed that reads any of them.
    """
    found: list[tuple[int, int, Case]] = []
    for bundle, mark in zip(bundles, told_apart([bundle.directory for bundle in bundles]), strict=True):
        chosen = [bundle.variant(name) for name in names] or by_preference(bundle.manifest.variants)
        for rank, variant in enumerate(chosen):
            for interpreter in _readers(variant, every):
                for count in threads:
                    where, which = str(bundle.directory.absolute()), interpreter.package
                    case = Case(where, bundle.title, variant.name, which, count, mark, bundle.digest)
                    found.append((rank, count, case))
    if not found:
        raise InterpreterMissing(
            "no interpreter for these variants is installed; 'edge-runtime doctor' says what to do"
        )
    return [case for *_, case in sorted(found, key=lambda entry: entry[:2])]


def told_apart(places: Sequence[Path]) -> list[str]:
    """Returns the shortest ends of paths that differ, as in ``new`` and ``old``; nothing for one alone."""
    if len(places) == 1:
        return [""]
    whole = [place.absolute().parts for place in places]
    for count in range(1, max(len(parts) for parts in whole) + 1):
        ends = ["/".join(parts[-count:]) for parts in whole]
        if len(set(ends)) == len(ends):
            return ends
    return [f"{place.name} {number}" for number, place in enumerate(places, 1)]  # one place, named twice


def _check_writable(target: Path) -> None:
    """Raises EdgeError: the figures could not be written there, which would be found after minutes."""
    if target.is_dir():
        raise EdgeError(f"{target}: cannot be written: it is a directory; name a file in it")
    if reason := no_way_to(target.absolute().parent):
        raise EdgeError(f"{target}: cannot be written: {reason}")
    above = next(path for path in target.absolute().parents if path.exists())
    if not os.access(above, os.W_OK):
        cause = PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
        raise EdgeError(f"{target}: cannot be written: this user may not write to {above}") from cause


def _readers(variant: Variant, every: bool) -> list[Interpreter]:
    able = [one for one in INTERPRETERS if one.format == variant.format and one.installed]
    return able if every else able[:1]


def _measure(
    cases: Sequence[Case], pictures: Sequence[Path], arguments: argparse.Namespace, machine: Machine
) -> list[Taken]:
    """Measures as many side by side as fit into half of the memory that is available."""
    together = max(2, int((machine.available or len(cases) * 4 * HELD) / 2 / HELD))
    began = time.monotonic()
    say(f"edge-runtime: {announced(len(cases), arguments.queries, arguments.seconds, PIPELINED)}")
    groups = [cases[start : start + together] for start in range(0, len(cases), together)]
    every: list[Taken] = []
    try:
        for group in groups:
            known: list[Taken] = []
            progress = Progress(len(every), len(cases), arguments.queries, arguments.seconds, PIPELINED)
            steps = measure(group, pictures, arguments.queries, arguments.seconds, PIPELINED, progress)
            with closing(steps):
                try:
                    for so_far in steps:
                        known = so_far
                finally:
                    every += known
    except KeyboardInterrupt:
        say("\nedge-runtime: interrupted; what was measured until now:")
    say(f"edge-runtime: {sum(not one.failure for one in every)} of {len(cases)} took {span(time.monotonic() - began)}")
    return every
