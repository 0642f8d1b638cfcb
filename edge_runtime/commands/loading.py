"""From arguments to a classifier."""

import argparse
import sys

from edge_runtime.bundle.manifest import Variant
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import AUTO, BundleClassifier, load_classifier
from edge_runtime.console import say


def classifier_of(arguments: argparse.Namespace, bundle: Bundle) -> BundleClassifier:
    """Loads what the arguments of `options.add_model` ask for."""
    variant = arguments.variant
    if variant == AUTO:
        from edge_runtime.auto import Terms, fastest  # here: 2 ms that who names a variant need not wait for

        terms = Terms(arguments.threads, arguments.max_degradation)
        variant = fastest(bundle, bundle.manifest.variants, terms, announce=_Notice()).name
    return load_classifier(bundle, variant, arguments.threads)


class _Notice:
    """Tells a person who waits, once, why this start takes longer; a program is told nothing."""

    def __init__(self) -> None:
        self._told = not (sys.stderr and sys.stderr.isatty())

    def __call__(self, variant: Variant) -> None:
        if not self._told:
            say("edge-runtime: measuring once which variant is the fastest here")
            self._told = True
