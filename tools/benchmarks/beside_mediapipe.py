"""MediaPipe Tasks' ImageClassifier beside this kit: the same file, the same pictures, one core each, in turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import venv
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from edge_runtime.benchmark.figures import Case
from edge_runtime.benchmark.session import Process
from edge_runtime.bundle.store import Bundle
from edge_runtime.console import say
from tools.benchmarks.turns import Line, ratio

HERE = Path(__file__).parent
# In an environment of its own: it brings opencv-contrib, and imports TensorFlow where that is.
MEDIAPIPE = "mediapipe==1.2.2"
TURN = 1.0  # seconds
STARTS = 3  # pairs of processes: where a process happens to lie in memory alone moves the ratio by 4 %


def environment(place: Path, *packages: str) -> Path:
    """Returns the Python of a throw-away environment with these packages, made where it is not there yet.

    Raises:
        RuntimeError: It cannot be made.
    """
    python = place / "bin/python"
    done = place / "complete"
    if not done.exists():
        say(f"benchmark: making an environment for {', '.join(packages)}")
        venv.create(place, with_pip=True, clear=True)
        made = subprocess.run(
            [python, "-m", "pip", "install", "-q", *packages], capture_output=True, text=True, check=False
        )
        if made.returncode:
            raise RuntimeError(f"{', '.join(packages)} cannot be installed: {made.stderr.strip()[-300:]}")
        done.touch()
    return python


def compare(
    bundle: Bundle, variant: str, sets: Sequence[tuple[str, Sequence[Path], float]], place: Path, rounds: int
) -> list[Line]:
    """Judges each set of pictures with both.

    Args:
        bundle: Whose variant it is.
        variant: A TFLite file.
        sets: A name, pictures, and how many times faster this kit must be.
        place: Where environments are kept.
        rounds: Turns of a second for each, in each of `STARTS` pairs of processes.

    Raises:
        RuntimeError: MediaPipe is not to be had, or does not take the file.
    """
    python = environment(place / "mediapipe", MEDIAPIPE)
    model = bundle.file(f"variants/{variant}")
    lines = []
    for name, pictures, wanted in sets:
        pairs = [_pair(bundle, variant, python, model, pictures, rounds) for _ in range(STARTS)]
        version = pairs[0][0]
        mine = [seconds for pair in pairs for seconds in pair[1]]
        other = [seconds for pair in pairs for seconds in pair[2]]
        note = f"{statistics.median(mine) * 1e3:.2f} and {statistics.median(other) * 1e3:.2f} ms, MediaPipe {version}"
        what = f"{name}, {variant}, one core: speed against MediaPipe"
        lines.append(Line(what, ratio(other, mine), wanted, True, note))
    return lines


def _pair(
    bundle: Bundle, variant: str, python: Path, model: Path, pictures: Sequence[Path], rounds: int
) -> tuple[str, list[float], list[float]]:
    """Returns MediaPipe's version, and each round's median seconds a picture: this kit's, MediaPipe's."""
    core = {max(os.sched_getaffinity(0))}  # one and the same: "one thread" is then true of whatever either starts
    before = os.sched_getaffinity(0)
    with ExitStack() as stack:
        try:
            os.sched_setaffinity(0, core)  # children inherit it
            ours = Process(Case(str(bundle.directory), bundle.title, variant, "ai-edge-litert", 1), pictures)
            stack.callback(ours.end)
            theirs = subprocess.Popen(
                [python, HERE / "mediapipe_worker.py", model, *pictures],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        finally:
            os.sched_setaffinity(0, before)
        stack.callback(theirs.communicate)
        stack.callback(theirs.kill)
        assert theirs.stdin
        assert theirs.stdout
        ours.start()
        first = theirs.stdout.readline()
        if not first:
            raise RuntimeError(f"MediaPipe's ImageClassifier does not take {model.name}")
        version = json.loads(first)["version"]
        mine, other = [], []
        for _ in range(rounds):
            mine.append(statistics.median(ours.ask("turn", TURN)["total"]))
            theirs.stdin.write(f"{TURN}\n")
            theirs.stdin.flush()
            other.append(statistics.median(json.loads(theirs.stdout.readline())))
    return version, mine, other


if __name__ == "__main__":
    sys.exit("this is part of: python -m tools.benchmarks.edge")
