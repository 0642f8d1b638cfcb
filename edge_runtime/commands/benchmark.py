"""``edge-runtime benchmark``: how fast this device judges with each variant of a bundle."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from edge_runtime.benchmark.figures import Case, Taken, enough
from edge_runtime.benchmark.picture import as_svg
from edge_runtime.benchmark.report import as_json, as_table
from edge_runtime.benchmark.samples import enlarged
from edge_runtime.benchmark.session import measure, sustain
from edge_runtime.bundle.manifest import Variant
from edge_runtime.bundle.store import Bundle, open_bundle
from edge_runtime.classifier import by_preference, default_threads
from edge_runtime.commands.numbers import duration, not_negative, positive
from edge_runtime.console import say
from edge_runtime.device.machine import Machine, this_machine
from edge_runtime.errors import EdgeError, InterpreterMissing, UsageError
from edge_runtime.files import write_atomically
from edge_runtime.runtimes import INTERPRETERS, Interpreter
from edge_runtime.sources.files import expand

QUERIES, SECONDS = 1024, 60.0  # MLPerf Mobile's single stream
PIPELINED = 3.0  # seconds for the throughput of each case
MINUTE = 60.0
HELD = 100e6  # bytes that a worker takes with a model of 20 MB; half of what is available is left to others


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="the bundle's directory")
    parser.add_argument("--compare", type=Path, metavar="BUNDLE", help="another bundle, measured side by side")
    parser.add_argument(
        "--interpreters", action="store_true", help="every installed interpreter, not only the one that would be taken"
    )
    parser.add_argument(
        "--variant", action="append", dest="variants", metavar="NAME", help="this one only, may be given several times"
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
    parser.epilog = """Each variant, interpreter and number of threads runs in a process of its own; they take turns of
half a second, so that ratios are right also where other things run. The method is MLPerf's single
stream: at least 1,024 queries and 60 s each. Ctrl-C ends it with what was measured.

examples:
  edge-runtime benchmark bundles/fashion_mnist
  edge-runtime benchmark bundles/fashion_mnist --seconds 5 --queries 100 --svg speed.svg
  edge-runtime benchmark bundles/new --compare bundles/old --variant full_int8.tflite --threads 1
  edge-runtime benchmark bundles/fashion_mnist --variant full_int8.tflite --sustain 30m"""


def run(arguments: argparse.Namespace) -> int:
    bundles = [open_bundle(path) for path in (arguments.bundle, arguments.compare) if path]
    threads = arguments.threads or sorted({1, default_threads()})
    cases = cases_of(bundles, arguments.variants or [], threads, arguments.interpreters)
    machine = this_machine()
    with tempfile.TemporaryDirectory(prefix="edge-benchmark-") as place:
        if arguments.pictures:
            pictures, named = expand(arguments.pictures), " ".join(arguments.pictures)
        else:
            pictures, named = enlarged(bundles[0], Path(place)), "golden samples as JPEG of 640 × 480"
        if arguments.sustain:
            return _sustain(cases, pictures, arguments)
        taken = _measure(cases, pictures, arguments, machine)
    print(f"{', '.join(bundle.title for bundle in bundles)} on {machine.system}, {machine.cpus} CPUs; {named}")
    print(as_table(taken))
    if arguments.json:
        write_atomically(arguments.json, as_json(taken, machine, named).encode())
        say(f"edge-runtime: figures are in {arguments.json}")
    if arguments.svg:
        title = " and ".join(f"{bundle.manifest.name} {bundle.manifest.version}" for bundle in bundles)
        below = f"{machine.system}, {machine.cpus} CPUs ({' '.join(machine.features)}); {named}"
        write_atomically(arguments.svg, as_svg(taken, title, below).encode())
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
    for bundle in bundles:
        chosen = [bundle.variant(name) for name in names] or by_preference(bundle.manifest.variants)
        for rank, variant in enumerate(chosen):
            for interpreter in _readers(variant, every):
                for count in threads:
                    where = str(bundle.directory.absolute())
                    found.append((rank, count, Case(where, bundle.title, variant.name, interpreter.package, count)))
    if not found:
        raise InterpreterMissing(
            "no interpreter for these variants is installed; 'edge-runtime doctor' says what to do"
        )
    return [case for *_, case in sorted(found, key=lambda entry: entry[:2])]


def _readers(variant: Variant, every: bool) -> list[Interpreter]:
    able = [one for one in INTERPRETERS if one.format == variant.format and one.installed]
    return able if every else able[:1]


def _measure(
    cases: Sequence[Case], pictures: Sequence[Path], arguments: argparse.Namespace, machine: Machine
) -> list[Taken]:
    """Measures as many side by side as fit into half of the memory that is available."""
    together = max(2, int((machine.available or len(cases) * 4 * HELD) / 2 / HELD))
    groups = [cases[start : start + together] for start in range(0, len(cases), together)]
    every: list[Taken] = []
    try:
        for group in groups:
            known: list[Taken] = []
            progress = _Progress(len(every), len(cases), arguments.queries, arguments.seconds)
            steps = measure(group, pictures, arguments.queries, arguments.seconds, PIPELINED, progress)
            with closing(steps):
                try:
                    for so_far in steps:
                        known = so_far
                finally:
                    every += known
    except KeyboardInterrupt:
        say("\nedge-runtime: interrupted; what was measured until now:")
    return every


class _Progress:
    """A line on a terminal that says how far it is."""

    def __init__(self, before: int, cases: int, queries: int, seconds: float) -> None:
        self._before, self._cases = before, cases
        self._queries, self._seconds = queries, seconds
        self._shown = bool(sys.stderr and sys.stderr.isatty())

    def __call__(self, taken: Sequence[Taken]) -> None:
        if not self._shown:
            return
        done = sum(enough(one, self._queries, self._seconds) for one in taken)
        queries = sum(one.queries for one in taken)
        spent = sum(min(one.seconds, self._seconds) for one in taken)
        left = self._seconds * len(taken) - spent
        line = f"{self._before + done} of {self._cases} measured, {queries:,} queries, about {left:.0f} s left"
        print(f"\r\x1b[K{line}", end="" if done < len(taken) else "\n", file=sys.stderr, flush=True)


def _sustain(cases: Sequence[Case], pictures: Sequence[Path], arguments: argparse.Namespace) -> int:
    if len(cases) > 1 and not (arguments.variants and arguments.threads):
        cases = [case for case in cases if case.threads == max(one.threads for one in cases)][:1]
    if len(cases) != 1:
        raise UsageError("--sustain takes one variant, one bundle and one number of threads")
    case = cases[0]
    print(f"{case.title} {case.variant}, {case.package}, {case.threads} threads, {arguments.sustain:.0f} s")
    first = 0.0
    try:
        with closing(sustain(case, pictures, arguments.sustain, min(MINUTE, arguments.sustain))) as parts:
            for number, part in enumerate(parts, 1):
                total, rate = part.spread("total"), part.queries / part.seconds
                first = first or rate
                degrees = "no temperature told" if part.temperature is None else f"{part.temperature:.0f} °C"
                print(
                    f"minute {number:>3}: {rate:7.1f} a second ({rate / first:.2f} of the first), p50 "
                    f"{total.p50 * 1e3:.2f} p90 {total.p90 * 1e3:.2f} p99 {total.p99 * 1e3:.2f} ms, "
                    f"{part.rss / 1e6:.0f} MB, {degrees}"
                    f"{', HELD BACK: ' + part.throttled if part.throttled else ''}",
                    flush=True,
                )
    except KeyboardInterrupt:
        say("\nedge-runtime: interrupted")
    return 0
