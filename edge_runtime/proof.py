"""Does a variant give on this machine what it gave at export? Golden samples in, differences out."""

from dataclasses import dataclass

import numpy as np

from edge_runtime.bundle import golden
from edge_runtime.bundle.golden import GoldenSamples
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import Classifier
from edge_runtime.errors import BundleError, FieldError
from edge_runtime.preprocess import preprocess


@dataclass(frozen=True)
class Proof:
    """What came of the golden samples.

    Attributes:
        samples: How many were classified.
        largest_difference: Between a score here and at export.
        tolerance: What the bundle allows.
        latency: Seconds inside the interpreter, the median sample's.
    """

    samples: int
    largest_difference: float
    tolerance: float
    latency: float

    @property
    def passed(self) -> bool:
        return self.largest_difference <= self.tolerance  # False for NaN, as it must be


def read_golden(bundle: Bundle) -> GoldenSamples:
    """Returns the bundle's golden samples.

    Raises:
        BundleError: It has none, they cannot be read, or one is not among the bundle's files.
        IntegrityError: The file has changed since the bundle was opened.
    """
    if golden.FILE_NAME not in bundle.manifest.files:
        raise BundleError(f"{bundle.directory}: no {golden.FILE_NAME}, export it again")
    try:
        found = golden.from_bytes(bundle.content(golden.FILE_NAME))
    except FieldError as error:
        raise BundleError(f"{bundle.directory}: {error}; export it again") from error
    for sample in found.samples:
        if sample.path not in bundle.manifest.files:  # only those have a digest, and lie inside
            where = f"{bundle.directory}: {golden.FILE_NAME}"
            raise BundleError(f"{where}: '{sample.path}' is not among the bundle's files; export it again")
    return found


def prove(bundle: Bundle, classifier: Classifier) -> Proof:
    """Classifies the golden samples of `bundle` and compares the scores.

    Raises:
        BundleError: The samples say nothing about this variant.
        IntegrityError: A sample has changed since the bundle was opened.
    """
    name = classifier.identity.variant
    differences, latencies = [], []
    for sample in read_golden(bundle).samples:
        wanted = np.asarray(sample.scores.get(name, ()), np.float32)
        if wanted.shape != (len(classifier.labels),):
            raise BundleError(f"{bundle.directory}: {sample.path}: no scores of {name}; export it again")
        judgement = classifier.classify(preprocess(bundle.content(sample.path), classifier.preprocessing))
        differences.append(np.abs(judgement.scores - wanted).max())
        latencies.append(judgement.latency)
    tolerance = bundle.variant(name).tolerance
    return Proof(len(differences), float(np.max(differences)), tolerance, float(np.median(latencies)))
