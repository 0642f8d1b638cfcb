"""The conversions and evaluations of an export and nothing else, one after the other. Prints seconds as JSON.

    python -m tools.benchmarks.export_bare RUN

What has to be done however it is organised: convert each recipe, and run each file on each picture of the test split.
Loading TensorFlow and the model does not count.
"""

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge_runtime.runtimes import find
from edge_runtime.stages.prepared import open_prepared
from edge_runtime.stages.run import open_run
from export.conversion.graph import load_graph
from export.conversion.recipes import RECIPES
from export.conversion.representative import COUNT, representative


def main() -> int:
    run = open_run(Path(sys.argv[1]))
    prepared = open_prepared(Path(run.record.data))
    graph = load_graph(run)
    shown = representative(prepared, COUNT, 0)
    pixels = prepared.split("test").pixels
    graph.scores(pixels[:256])  # traces it
    seconds: dict[str, float] = {}
    with _counted(seconds, "Keras"):
        graph.scores(pixels)
    with tempfile.TemporaryDirectory() as place:
        for recipe in RECIPES:
            path = Path(place) / recipe.name
            with _counted(seconds, recipe.name):
                path.write_bytes(recipe.convert(graph, shown))
                runtime = find(recipe.format).load(path, threads=1)
                for picture in pixels:
                    runtime.invoke(picture[np.newaxis])
    print(json.dumps(seconds))
    return 0


@contextlib.contextmanager
def _counted(seconds: dict[str, float], name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    seconds[name] = time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
