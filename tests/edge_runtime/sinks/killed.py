"""A process that writes to a sink without end, until it is killed in the middle of it."""

import subprocess
import sys
from pathlib import Path

from tests.support import ROOT

WRITES = """
import sys
from edge_runtime.sinks.open import open_sink
from tests.edge_runtime.sinks.results import prediction
first, address = int(sys.argv[1]), sys.argv[2]
with open_sink(address) as sink:
    number = first
    while True:
        sink.take(prediction(number), None)
        print(number, flush=True)
        number += 1
"""


def write_and_be_killed(address: str, first: int, after: int) -> int:
    """Writes predictions numbered from `first`, kills the writer soon after number `after`, returns the last told."""
    command = [sys.executable, "-c", WRITES, str(first), address]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        last = first - 1
        for line in process.stdout:
            last = int(line)
            if last >= after:
                process.kill()  # it writes on meanwhile: the rest of what it printed is read below
    assert last >= after, "it ended by itself"
    return last


def lines_of(*paths: Path) -> list[str]:
    return [line for path in paths if path.exists() for line in path.read_text().splitlines()]
