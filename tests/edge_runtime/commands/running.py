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
def started(bundle: Bundle | None, beat: Path, source: str, *more: str) -> Iterator["subprocess.Popen[str]"]:
    """`edge-runtime run`; nothing is waited for."""
    command = [sys.executable, "-m", "edge_runtime", "run", *more]
    if bundle:
        command += ["--bundle", str(bundle.directory), "--heartbeat", str(beat), "--source", source]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@contextlib.contextmanager
def running(bundle: Bundle, beat: Path, source: str, *sources: str) -> Iterator["subprocess.Popen[str]"]:
    """`edge-runtime run`, once it has said that it runs and its heart beats."""
    more = [word for other in sources for word in ("--source", other)]
    with started(bundle, beat, source, "--variant", "full_int8.tflite", *more) as process:
        assert process.stderr
        assert f"edge-runtime: {bundle.title} full_int8.tflite on " in process.stderr.readline()
        eventually(beat.exists, "a heartbeat")
        yield process


def health(beat: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return python("-m", "edge_runtime", "health", "--heartbeat", beat, *arguments)
