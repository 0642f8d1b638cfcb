"""Arguments that several commands share."""

import argparse
import sys
from pathlib import Path

from edge_runtime.auto import Terms, fastest
from edge_runtime.bundle.manifest import Variant
from edge_runtime.bundle.store import open_bundle
from edge_runtime.classifier import AUTO, BundleClassifier, load_classifier
from edge_runtime.commands.numbers import not_negative, positive
from edge_runtime.console import say

AUTO_EXPLAINED = """--variant auto measures, once, every variant that an installed interpreter reads: it takes
0.1 to 0.3 s and is remembered for this bundle, these interpreters, threads and CPU, in
$CACHE_DIRECTORY or ~/.cache/edge-runtime/auto.json. The fastest that judges as at export is
taken; within 5 % full int8 goes first, then float. All variants of a bundle have passed the gate
at export; --max-degradation asks for more."""


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments that choose a classifier."""
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="the bundle to classify with")
    parser.add_argument(
        "--variant",
        default=AUTO,
        metavar="NAME",
        help="a variant of the bundle, such as full_int8.tflite ('edge-runtime info' lists them); auto takes the "
        "fastest here, see below (default: %(default)s)",
    )
    parser.add_argument(
        "--max-degradation",
        type=not_negative,
        metavar="POINTS",
        help="of top-1 that auto may give away against the best variant (default: what the gate at export allowed)",
    )
    parser.add_argument(
        "--threads", type=positive, metavar="N", help="threads of the interpreter (default: the CPUs allowed, up to 4)"
    )
    parser.add_argument("--top", type=positive, default=3, metavar="K", help="labels named (default: %(default)s)")


def classifier_of(arguments: argparse.Namespace) -> BundleClassifier:
    """Opens and loads what the arguments of `add_model` name."""
    bundle = open_bundle(arguments.bundle)
    if arguments.variant != AUTO:
        return load_classifier(bundle, arguments.variant, arguments.threads)
    terms = Terms(arguments.threads, arguments.max_degradation)
    chosen = fastest(bundle, bundle.manifest.variants, terms, announce=_Notice())
    return load_classifier(bundle, chosen.name, arguments.threads)


class _Notice:
    """Tells a person who waits, once, why this start takes longer; a program is told nothing."""

    def __init__(self) -> None:
        self._told = not (sys.stderr and sys.stderr.isatty())

    def __call__(self, variant: Variant) -> None:
        if not self._told:
            say("edge-runtime: measuring once which variant is the fastest here")
            self._told = True
