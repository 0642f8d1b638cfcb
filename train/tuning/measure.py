"""Judges the validation split with an int8 file, as a device would: ``python -m train.tuning.measure FILE DATA OUT``.

OUT gets `Measured` as JSON.
"""

import platform
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from edge_runtime.bundle import fields
from edge_runtime.classifier import BundleClassifier, Identity
from edge_runtime.console import guard
from edge_runtime.device.machine import read
from edge_runtime.files import write_atomically
from edge_runtime.runtimes import find
from edge_runtime.stages.prepared import Prepared, open_prepared
from train.tuning.record import Measured

QUERIES, SECONDS = 1024, 3.0  # at least; the first is MLPerf's single stream, the second lets a hiccup of 1 s pass


def measure(file: Path, prepared: Prepared) -> Measured:
    """Returns what the preferred interpreter makes of a file, on one thread.

    Every picture of the validation split is judged once, and some again until there is enough to tell the latency.

    Raises:
        InterpreterMissing: None is installed for it.
        VariantError: The file does not load, or does not fit the dataset.
    """
    content = file.read_bytes()
    runtime = find("tflite").load(file, 1, content)
    classifier = BundleClassifier(runtime, prepared.record.spec, Identity("", "", "", file.name, runtime.name))
    split = prepared.split("validation")
    count, right = len(split.labels), 0
    taken: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(taken) < max(count, QUERIES) or time.perf_counter() < end:
        index = len(taken) % count
        judgement = classifier.classify(split.pixels[index])
        if len(taken) < count:
            right += int(np.argmax(judgement.scores) == split.labels[index])
        taken.append(judgement.latency)
    return Measured(right / count, statistics.median(taken), len(taken), len(content), runtime.name, machine())


def machine() -> str:
    """Returns the processor for people: latencies of two of them do not compare."""
    for line in read(Path("/proc/cpuinfo")).splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Model"):
            return f"{value.strip()}, {platform.machine()}"
    return platform.processor() or platform.machine()


def main() -> int:
    """Writes the figures and returns the exit code."""
    file, data, out = map(Path, sys.argv[1:])

    def work() -> int:
        write_atomically(out, fields.canonical(measure(file, open_prepared(data))))
        return 0

    return guard("train", work)


if __name__ == "__main__":
    sys.exit(main())
