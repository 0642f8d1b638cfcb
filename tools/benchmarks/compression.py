"""Does it pay to prune weights or to cluster them, in what a device stores, downloads and waits for?

    python -m tools.benchmarks.compression RUN [--recipes A,B] [--json FILE]

Every kernel of the run's model, BatchNorm folded, is pruned by magnitude or replaced by a few centroids of k-means, as
it is and with one more epoch that keeps the zeros or the clusters. Each is converted as export would and judged on the
test split. With TFLite's experimental sparse weights as well, where there are zeros.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import json
import lzma
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_runtime.commands.table import table
from edge_runtime.console import guard, say
from edge_runtime.errors import EdgeError
from edge_runtime.runtimes import Runtime, find
from edge_runtime.stages.prepared import Prepared, open_prepared
from edge_runtime.stages.run import open_run
from export.conversion.recipes import RECIPES, Recipe, select
from export.conversion.representative import COUNT, representative
from export.proof import latency

USUAL = "float32.tflite,weight_int8.tflite,weight_int4.tflite,full_int8.tflite"
PRUNED = (0.5, 0.7, 0.8)  # fractions of a kernel's weights
CLUSTERS = (16, 32, 64)
LEAST = 1024  # values in a kernel; smaller ones are a thousandth of the file
BATCH, LEARNING_RATE = 128, 0.0001
SHOWN = 16  # pictures while latency is measured
ITERATIONS = 50  # of k-means; 200 gave the same accuracy

Kernel = NDArray[np.float32]
Keep = Callable[[Kernel], Kernel]
"""Puts a kernel that a training step has moved back to where it keeps what made it small."""


@dataclass(frozen=True)
class Found:
    """What came of one file.

    Attributes:
        how: What was done to the weights.
        recipe: What the file is.
        top1: On the test split.
        size, gzipped, xz: Bytes: of the file, and as it may be downloaded.
        latency: Seconds a picture, one thread.
    """

    how: str
    recipe: str
    top1: float
    size: int
    gzipped: int
    xz: int
    latency: float = 0.0


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("compression", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--recipes", default=USUAL, metavar="A,B", help="what each is made into (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found for programs")
    arguments = parser.parse_args(argv)
    return guard("compression", lambda: measure(arguments.run, select(arguments.recipes), arguments.json))


def measure(directory: Path, recipes: Sequence[Recipe], to: Path | None) -> int:
    """Measures all and prints a table."""
    run = open_run(directory)
    prepared = open_prepared(Path(run.record.data))
    test, calibration = prepared.split("test"), representative(prepared, COUNT, 0)
    found: list[Found] = []
    runtimes: dict[str, Runtime] = {}
    with tempfile.TemporaryDirectory(prefix="compression-") as place:
        for how, recipe, content in _files(run.model, prepared, recipes, calibration):
            path = Path(place) / f"{len(found)}.{recipe.format}"
            path.write_bytes(content)
            try:
                runtime = find(recipe.format).load(path, threads=1)
            except EdgeError as error:
                say(f"{how}: {recipe.name}: the interpreter refuses it: {error}")
                continue
            labels = np.array([runtime.invoke(one[np.newaxis]).argmax() for one in test.pixels])
            sizes = len(content), len(gzip.compress(content, 9)), len(lzma.compress(content, preset=9))
            found.append(Found(how, recipe.name, float((labels == test.labels).mean()), *sizes))
            runtimes[str(len(found) - 1)] = runtime
            say(f"{how}: {recipe.name}: top-1 {found[-1].top1:.4f}, {sizes[0]:,} bytes, xz {sizes[2]:,}")
        say(f"timing {len(found)} files in turns")
        times = latency.measure(runtimes, test.pixels[:SHOWN])
    found = [replace(one, latency=times[str(number)]) for number, one in enumerate(found)]
    found.sort(key=lambda one: [recipe.name for recipe in recipes].index(one.recipe))  # stable
    rows = [
        [one.recipe, one.how, f"{one.top1:.4f}"]
        + [f"{size / 1000:.1f}" for size in (one.size, one.gzipped, one.xz)]
        + [f"{one.latency * 1e6:.0f}"]
        for one in found
    ]
    print(table(["file", "weights", "top-1", "kB", "gzip", "xz", "µs"], rows))
    if to:
        to.write_text(json.dumps([asdict(one) for one in found], indent=1))
    return 0


def _files(
    model: Path, prepared: Prepared, recipes: Sequence[Recipe], calibration: NDArray[np.uint8]
) -> Iterator[tuple[str, Recipe, bytes]]:
    from export.conversion.backend import keras, tensorflow  # first: it brings TensorFlow quietly
    from export.conversion.graph import DeployedGraph
    from export.conversion.to_tflite import convert_quietly, converter_for
    from train.quantisation.folding import folded

    tensorflow.config.experimental.enable_op_determinism()
    plain = folded(keras.models.load_model(model, compile=False))
    trained = plain.get_weights()
    ways: dict[str, Callable[[Kernel], Keep] | None] = {"as trained": None}
    ways |= {f"{share:.0%} pruned": functools.partial(pruning, share=share) for share in PRUNED}
    ways |= {f"{count} clusters": functools.partial(clustering, count=count) for count in CLUSTERS}
    float32 = next(recipe for recipe in RECIPES if recipe.name == "float32.tflite")
    for how, way in ways.items():
        plain.set_weights(trained)
        kept = [
            (variable, way(variable.numpy()))
            for variable in plain.trainable_variables
            if way and len(variable.shape) > 1 and np.prod(variable.shape) >= LEAST
        ]
        for tuned in (False, True):
            for variable, keep in kept:
                variable.assign(keep(variable.numpy()))
            if tuned:
                _tune(plain, prepared, kept)
            graph = DeployedGraph(plain, prepared.record.spec, model)
            told = f"{how}, 1 epoch" if tuned else how
            for recipe in recipes:
                yield told, recipe, recipe.convert(graph, calibration)
            if "pruned" in how:
                converter = converter_for(graph, graph.from_uint8)
                converter.optimizations = [tensorflow.lite.Optimize.EXPERIMENTAL_SPARSITY]
                yield f"{told}, sparse", float32, convert_quietly(converter)


def _tune(model: Any, prepared: Prepared, kept: Sequence[tuple[Any, Keep]]) -> None:
    """Trains for one epoch, and keeps what is to be kept after every step."""
    from export.conversion.backend import keras
    from train.fitting.batches import Batches

    def restore(batch: int, logs: object) -> None:
        for variable, keep in kept:
            variable.assign(keep(variable.numpy()))

    keras.utils.set_random_seed(0)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), "sparse_categorical_crossentropy")
    batches = Batches(prepared.split("train"), BATCH, 0)
    model.fit(batches, shuffle=False, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=restore)])


def pruning(kernel: Kernel, share: float) -> Keep:
    """Returns what sets to zero, now and ever after, the `share` of the weights that are nearest to it now."""
    mask = np.abs(kernel) > np.quantile(np.abs(kernel), share)
    return lambda moved: np.asarray(moved * mask, np.float32)


def clustering(kernel: Kernel, count: int) -> Keep:
    """Returns what gives each weight its cluster's mean; who belongs together is decided now.

    Clusters are of weights over the largest of their output channel, by which int8 divides them too: the file then
    holds about `count` different integers. Of weights as they are, each channel would round to others.
    """
    scale = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)))
    values = (kernel / scale).ravel()
    centroids = np.linspace(-1, 1, count)
    for _ in range(ITERATIONS):
        member = np.abs(values[:, np.newaxis] - centroids).argmin(axis=1)
        held = np.bincount(member, minlength=count)
        centroids = np.where(held, np.bincount(member, values, count) / np.maximum(held, 1), centroids)

    def keep(moved: Kernel) -> Kernel:
        means = np.bincount(member, (moved / scale).ravel(), count) / np.maximum(held, 1)
        return np.asarray(means[member].reshape(moved.shape) * scale, np.float32)

    return keep


if __name__ == "__main__":
    sys.exit(main())
