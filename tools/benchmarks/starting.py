"""What a start takes: `edge-runtime classify` against ten lines of Python, in time and memory to the first result."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from edge_runtime.benchmark.figures import Case
from edge_runtime.benchmark.session import Process
from edge_runtime.bundle.store import Bundle
from edge_runtime.preprocess import KERNELS
from tools.benchmarks.turns import Line, in_turns, milliseconds, ratio

SCRIPT = Path(__file__).with_name("ten_lines.py")


def first_line(*command: object) -> tuple[float, str]:
    """Returns the seconds from starting a command to the first line on its standard output, and all it wrote."""
    began = time.perf_counter()
    with subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout
        line = child.stdout.readline()
        taken = time.perf_counter() - began
        rest = child.stdout.read()
    if not line:
        raise RuntimeError(f"{' '.join(map(str, command))} gave no result")
    return taken, line + rest


def typed_to_result(bundle: Bundle, variant: str, picture: Path, rounds: int) -> Line:
    """One picture from the command line."""
    model = bundle.file(f"variants/{variant}")
    kernel = _kernel(bundle)
    command = Path(sys.executable).with_name("edge-runtime")
    ours = (command, "classify", picture, "--bundle", bundle.directory, "--variant", variant, "--threads", 2)
    taken = in_turns(
        [lambda: first_line(*ours)[0], lambda: first_line(sys.executable, SCRIPT, model, picture, kernel)[0]], rounds
    )
    note = f"{milliseconds(taken[0])} and {milliseconds(taken[1])}"
    what = f"typed to result, {bundle.manifest.name} {variant}: time against a ten-line script"
    return Line(what, ratio(*taken), 1.3, note=note)


def _kernel(bundle: Bundle) -> str:
    return KERNELS[bundle.manifest.spec.preprocessing.interpolation].name


def memory(bundle: Bundle, variant: str, picture: Path) -> Line:
    """Memory after the first picture: a process that judges against the ten-line script."""
    model = bundle.file(f"variants/{variant}")
    theirs = int(first_line(sys.executable, SCRIPT, model, picture, _kernel(bundle), "--rss")[1].splitlines()[-1])
    worker = Process(Case(str(bundle.directory), bundle.title, variant, "ai-edge-litert", 2), [picture])
    try:
        ours = worker.start().rss
    finally:
        worker.end()
    note = f"{ours / 1e6:.1f} and {theirs / 1e6:.1f} MB"
    return Line(f"memory, {bundle.manifest.name} {variant}: against a ten-line script", ours / theirs, 1.25, note=note)
