"""Arguments that several commands share."""

import argparse
from pathlib import Path

from edge_runtime.bundle.store import open_bundle
from edge_runtime.classifier import AUTO, BundleClassifier, load_classifier
from edge_runtime.commands.numbers import positive


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that choose a classifier."""
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="the bundle to classify with")
    parser.add_argument(
        "--variant",
        default=AUTO,
        metavar="NAME",
        help="a variant of the bundle, such as full_int8.tflite ('edge-runtime info' lists them); auto takes full int8 "
        "first, then float, whichever an installed interpreter reads (default: %(default)s)",
    )
    parser.add_argument(
        "--threads", type=positive, metavar="N", help="threads of the interpreter (default: the CPUs allowed, up to 4)"
    )
    parser.add_argument("--top", type=positive, default=3, metavar="K", help="labels named (default: %(default)s)")


def classifier_of(arguments: argparse.Namespace) -> BundleClassifier:
    """Opens and loads what the arguments of `add_model` name."""
    return load_classifier(open_bundle(arguments.bundle), arguments.variant, arguments.threads)
