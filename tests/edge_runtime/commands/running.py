"""`edge-runtime run` as a process, and `edge-runtime health` asked about it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from edge_runtime.bundle.store import Bundle
from tests.edge_runtime.samples import eventually
from tests.support import ROOT, python


@contextlib.contextmanager
def running(bundle: Bundle, beat: Path, *sources: str) -> Iterator[subprocess.Popen[str]]:
    """`edge-runtime run`, once it has said that it runs and its heart beats."""
    command = [sys.executable, "-m", "edge_runtime", "run", "--bundle", bundle.directory, "--heartbeat", beat]
    for source in sources:
        command += ["--source", source]
    with subprocess.Popen(
        [*map(str, command)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr
            assert f"edge-runtime: {bundle.title} full_int8.tflite on " in process.stderr.readline()
            eventually(beat.exists, "a heartbeat")
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def health(beat: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return python("-m", "edge_runtime", "health", "--heartbeat", beat, *arguments)
