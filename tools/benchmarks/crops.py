"""A pretrained network as a user from elsewhere would bring it: a ``.keras`` file, and crops of real photographs.

    python -m tools.benchmarks.crops OUT PHOTOGRAPH...

Writes ``OUT/model.keras`` and the prepared dataset ``OUT/data``. Its labels are what the network itself says in float,
so that top-1 is its agreement. Other crops calibrate than those that are judged.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.console import guard
from edge_runtime.stages.prepared import Split, SplitName, write_prepared
from export.conversion.graph import DeployedGraph
from tools.benchmarks.efficientnet import LABELS, SIZE, build, crops

COUNTS: dict[SplitName, int] = {"train": 200, "validation": 100, "test": 400}


def write(target: Path, photographs: Sequence[Path]) -> None:
    """Writes model and dataset."""
    model = build()
    target.mkdir(parents=True, exist_ok=True)
    model.save(target / "model.keras")
    labels = tuple(f"class {number:04}" for number in range(LABELS))
    spec = ModelSpec(labels, PreprocessingSpec((SIZE, SIZE), "center_crop", "bicubic"))
    graph = DeployedGraph(model, spec)
    splits: dict[SplitName, Split] = {}
    for seed, (name, count) in enumerate(COUNTS.items(), 1):
        pixels = crops(photographs, count, seed=seed)
        splits[name] = Split(pixels, graph.scores(pixels).argmax(axis=1).astype(np.int64))
    write_prepared(target / "data", name="crops", origin="photographs", grey=False, spec=spec, seed=0, splits=splits)


def main() -> int:
    parser = argparse.ArgumentParser("crops", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("target", type=Path, metavar="OUT")
    parser.add_argument("photographs", type=Path, nargs="+", metavar="PHOTOGRAPH")
    arguments = parser.parse_args()

    def work() -> int:
        write(arguments.target, arguments.photographs)
        return 0

    return guard("crops", work)


if __name__ == "__main__":
    sys.exit(main())
