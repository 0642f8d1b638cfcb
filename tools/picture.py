"""Draws what came out of a demonstration: pictures with their predictions, and what each variant costs and keeps."""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image

from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import best, load_classifier
from edge_runtime.preprocess import preprocess
from edge_runtime.sources.files import expand, folder_name

matplotlib.use("Agg")

from matplotlib import pyplot as plt

RIGHT, WRONG, GREY = "#1f6fb4", "#c2342b", "#8a8f98"
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
    above, below = figure.subfigures(2, 1, height_ratios=(1.75 * rows, 3.1))
    identity = classifier.identity
    above.suptitle(f"{identity.bundle}, judged by {identity.variant} on {identity.runtime} (label, score)", fontsize=11)
    latencies = []
    for axes, path in zip(above.subplots(rows, COLUMNS, squeeze=False).flat, paths, strict=False):
        judgement = classifier.classify(preprocess(path, classifier.preprocessing))
        latencies.append(judgement.latency)
        (label, score), *_ = best(classifier.labels, judgement.scores, 1)
        right = path.parent.name == folder_name(label)
        with Image.open(path) as image:
            axes.imshow(np.asarray(image.convert("RGB")))
        text = f"{label}\n{score:.2f}" if right else f"{label} {score:.2f}\n({path.parent.name})"
        axes.set_title(text, color=RIGHT if right else WRONG, fontsize=9)
    for axes in above.axes:
        axes.set_axis_off()

    manifest = bundle.manifest
    variants = manifest.variants[::-1]
    names = [variant.name for variant in variants]
    left, right_axes = below.subplots(1, 2, sharey=True, width_ratios=(1, 1))
    left.barh(names, [manifest.files[variant.path].size / 1e3 for variant in variants], color=RIGHT, height=0.6)
    left.bar_label(left.containers[0], fmt="{:,.0f} kB", padding=4, fontsize=9)
    left.margins(x=0.2)
    left.set_title("size of each variant", fontsize=10)
    right_axes.axvline(100 * manifest.gate.reference_top1, color=GREY, linestyle="--", linewidth=1)
    right_axes.axvline(100 * manifest.gate.reference_top1 - manifest.gate.max_degradation, color=WRONG, linewidth=1)
    right_axes.scatter([100 * variant.top1 for variant in variants], names, color=RIGHT, zorder=3)
    for variant in variants:
        place = (100 * variant.top1, variant.name)
        text = f"{100 * variant.top1:.2f} %"
        right_axes.annotate(text, place, textcoords="offset points", xytext=(0, 6), ha="center", fontsize=8)
    right_axes.margins(x=0.15, y=0.15)
    right_axes.set_title(
        f"accuracy on {manifest.gate.samples:,} test pictures (dashed: Keras; red: the gate)", fontsize=10
    )
    for axes in (left, right_axes):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, dpi=110)
    plt.close(figure)
