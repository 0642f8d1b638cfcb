"""Draws what came out of a demonstration: pictures with their predictions, and what each variant costs and keeps."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from PIL import Image

from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import best, load_classifier
from edge_runtime.preprocess import preprocess
from edge_runtime.sources.files import expand, folder_name
from export.reporting.variants_plot import BLUE, RED, Bar, draw_variants

matplotlib.use("Agg")

from matplotlib import pyplot as plt

COLUMNS = 10


def draw(bundle: Bundle, pictures: Path, target: Path) -> None:
    """Writes a PNG.

    Args:
        bundle: Classifies the pictures, with the variant that ``auto`` takes here.
        pictures: A directory with a directory of pictures for each label.
        target: Where the PNG goes.
    """
    classifier = load_classifier(bundle)
    paths = expand([str(pictures)])
    rows = -(-len(paths) // COLUMNS)
    figure = plt.figure(figsize=(13, 1.75 * rows + 3.4), layout="constrained")
    parts: Any = figure.subfigures(2, 1, height_ratios=(1.75 * rows, 3.1))  # typed as one, but an array of two
    above, below = parts
    identity = classifier.identity
    above.suptitle(f"{identity.bundle}, judged by {identity.variant} on {identity.runtime} (label, score)", fontsize=11)
    for axes, path in zip(above.subplots(rows, COLUMNS, squeeze=False).flat, paths, strict=False):
        judgement = classifier.classify(preprocess(path, classifier.preprocessing))
        (label, score), *_ = best(classifier.labels, judgement.scores, 1)
        right_one = path.parent.name == folder_name(label)
        with Image.open(path) as image:
            axes.imshow(np.asarray(image.convert("RGB")))
        text = f"{label}\n{score:.2f}" if right_one else f"{label} {score:.2f}\n({path.parent.name})"
        axes.set_title(text, color=BLUE if right_one else RED, fontsize=9)
    for axes in above.axes:
        axes.set_axis_off()

    manifest = bundle.manifest
    bars = [Bar(variant.name, manifest.files[variant.path].size, variant.top1) for variant in manifest.variants]
    left, right = below.subplots(1, 2, sharey=True)
    draw_variants(left, right, bars, manifest.gate.reference_top1, manifest.gate.max_degradation)
    figure.savefig(target, dpi=110)
    plt.close(figure)
