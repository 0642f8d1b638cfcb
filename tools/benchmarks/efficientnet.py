"""EfficientNet-Lite0 as a bundle of float32 and full int8, for benchmarks that need a network of a real size.

    python -m tools.benchmarks.efficientnet BUNDLE PICTURE...

Architecture and ImageNet's weights are those of train's backbone, with the 1,000 labels of the weights.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge_runtime.bundle.manifest import SCHEMA_VERSION, GateResult, Manifest, Provenance, Variant
from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.bundle.store import Bundle
from edge_runtime.bundle.writer import write_bundle
from edge_runtime.console import guard, say
from edge_runtime.scores import to_scores
from edge_runtime.stages.prepared import Split
from export.conversion import to_tflite
from export.conversion.backend import keras
from export.conversion.graph import DeployedGraph
from export.conversion.tflite_metadata import with_metadata
from export.proof import golden
from train.models import efficientnet_lite0, pretrained
from train.models.registry import NETWORKS

SIZE = 224
LABELS = 1000
CROPS = 96  # pictures that calibrate and test it: half of them each


def build() -> Any:
    """Returns the trained Keras model: float32 pixels 0 to 255 ``[n, 224, 224, 3]`` to ``[n, 1000]`` scores."""
    layers = keras.layers
    pixels = layers.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(*NETWORKS["efficientnet_lite0"].rescaling)(pixels)
    x = layers.GlobalAveragePooling2D()(efficientnet_lite0.features(x, (SIZE, SIZE)))
    model = keras.Model(pixels, layers.Softmax()(layers.Dense(LABELS, name="fc")(x)))
    pretrained.fill(model, "efficientnet_lite0", efficientnet_lite0.imagenet())
    return model


def export(target: Path, pictures: Sequence[Path]) -> Bundle:
    """Writes the bundle."""
    keras.utils.set_random_seed(0)
    model = build()
    pixels = crops(pictures, CROPS)
    calibration, shown = pixels[: CROPS // 2].copy(), pixels[CROPS // 2 :]
    calibration[0, 0, 0, :2] = (0, 255)  # the input's range is then that of raw pixels
    # A square around the centre, as the network was trained, of which each pixel is the mean of an area, as OpenCV's
    # INTER_AREA. DESIGN 62 has what other choices take; MediaPipe stretches, from four pixels each.
    preprocessing = PreprocessingSpec((SIZE, SIZE), "center_crop", "box")
    spec = ModelSpec(tuple(f"class {number:04}" for number in range(LABELS)), preprocessing)
    graph = DeployedGraph(model, spec)
    reference = graph.scores(shown)
    labels = reference.argmax(axis=1)
    contents: dict[str, bytes] = {"labels.txt": "".join(f"{label}\n" for label in spec.labels).encode()}
    variants, scores = [], {}
    for name, convert, tolerance in (
        ("float32.tflite", to_tflite.float32, 0.001),
        ("full_int8.tflite", to_tflite.full_int8, 0.1),
    ):
        say(f"efficientnet: converting {name}")
        content = with_metadata(convert(graph, calibration), spec, "efficientnet-lite0", "1")
        found = judged(content, shown)
        agreement = float((found.argmax(axis=1) == labels).mean())
        say(f"efficientnet: {name}: {len(content) / 1e6:.1f} MB, gives Keras' label for {agreement:.3f} of the crops")
        contents[f"variants/{name}"] = content
        scores[name] = found[:4]
        minimum = to_tflite.minimum_runtime(content)
        variants.append(Variant(name, f"variants/{name}", "tflite", minimum, agreement, agreement, tolerance))
    contents |= golden.files(Split(shown, labels), range(4), spec.labels, scores)
    manifest = Manifest(
        SCHEMA_VERSION, "efficientnet-lite0-imagenet", "1", spec, tuple(variants),
        GateResult(100.0, len(shown), 1.0, ()),
        Provenance("0" * 64, "imagenet", "0" * 64, {"keras": keras.__version__}, None), {},
    )  # fmt: skip
    return write_bundle(target, manifest, contents)


def judged(content: bytes, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Returns a file's scores, float32 ``[n, labels]``."""
    from ai_edge_litert.interpreter import Interpreter

    from edge_runtime.runtimes import find
    from edge_runtime.runtimes.litert import LiteRtRuntime

    interpreter = Interpreter(model_content=content, num_threads=2)
    interpreter.allocate_tensors()
    runtime = LiteRtRuntime(find("tflite").package, interpreter)
    return np.stack([to_scores(runtime.invoke(one[np.newaxis]), runtime.output_quantisation) for one in pixels])


def crops(pictures: Sequence[Path], count: int, side: int = SIZE, seed: int = 0) -> NDArray[np.uint8]:
    """Returns random squares of photographs, each at least half as high as its photograph, uint8 ``[n, s, s, 3]``."""
    random = np.random.default_rng(seed)
    opened = [Image.open(path).convert("RGB") for path in pictures]
    made = []
    for number in range(count):
        image = opened[number % len(opened)]
        size = int(min(image.size) * random.uniform(0.5, 1))
        left, top = (int(random.integers(0, whole - size + 1)) for whole in image.size)
        made.append(
            np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, (left, top, left + size, top + size)))
        )
    return np.stack(made)


def main() -> int:
    parser = argparse.ArgumentParser("efficientnet", description="Makes EfficientNet-Lite0 a bundle.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("pictures", type=Path, nargs="+", help="photographs that calibrate it")
    arguments = parser.parse_args()

    def work() -> int:
        bundle = export(arguments.bundle, arguments.pictures)
        print(bundle.title)
        return 0

    return guard("efficientnet", work)


if __name__ == "__main__":
    sys.exit(main())
