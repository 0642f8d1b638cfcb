"""A classifier: one variant of one bundle, loaded, from pixels to scores."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.manifest import Variant
from edge_runtime.bundle.spec import ModelSpec, PreprocessingSpec
from edge_runtime.bundle.store import Bundle
from edge_runtime.device.cpus import usable_cpus
from edge_runtime.errors import InterpreterMissing, VariantError
from edge_runtime.frozen import dataclass
from edge_runtime.runtimes import Interpreter, Runtime, find, readable
from edge_runtime.scores import Scores, to_scores, top_k

AUTO = "auto"
# What is taken where nothing was measured, and of two that are equally fast. int8 first: smallest, exact on every
# machine, and faster wherever the interpreter has int8 kernels (4.5 against 1.9 ms for EfficientNet-Lite0 on x86-64).
# Dynamic int8 behind float: 11 ms there. The last two are 5 and 35 times as slow as float32 (Fashion-MNIST's CNN).
PREFERENCE = (
    "full_int8.tflite",
    "int8.onnx",
    "float32.tflite",
    "float32.onnx",
    "float16.tflite",
    "float16.onnx",
    "weight_int8.tflite",
    "dynamic_int8.tflite",
    "dynamic_int8.onnx",
    "weight_int4.tflite",
    "int16x8.tflite",
)
MAX_THREADS = 4  # beyond that small models lose more to synchronisation than they gain


@dataclass(frozen=True)
class Identity:
    """Which model gave a prediction: goes with every result."""

    bundle: str
    version: str
    digest: str
    variant: str
    runtime: str

    @property
    def title(self) -> str:
        """For people, on one line."""
        return f"{self.bundle} {self.version} ({self.digest}) {self.variant}"


@dataclass(frozen=True)
class Judgement:
    """What a classifier found in one picture.

    Attributes:
        scores: float32 ``[labels]``.
        latency: Seconds inside the interpreter.
    """

    scores: Scores
    latency: float


class Classifier(Protocol):
    """The seam between sensing and judging; `BundleClassifier` is the real one."""

    identity: Identity
    labels: tuple[str, ...]
    preprocessing: PreprocessingSpec
    threshold: float

    def classify(self, pixels: NDArray[np.uint8]) -> Judgement:
        """Returns what it finds in uint8 RGB ``[height, width, 3]`` pixels that `preprocess` gave."""


class BundleClassifier:
    """A `Classifier` around a loaded variant.

    Args:
        runtime: The loaded variant.
        spec: Labels and preprocessing; the variant must fit them.
        identity: Which model this is.
        clock: Seconds; another one in tests.
        threshold: The score below which its predictions are ``unknown``.

    Raises:
        VariantError: The variant's input or output is not what the contract says.
    """

    def __init__(
        self,
        runtime: Runtime,
        spec: ModelSpec,
        identity: Identity,
        clock: Callable[[], float] = time.perf_counter,
        threshold: float = 0.0,
    ) -> None:
        height, width = spec.preprocessing.size
        _must_be(identity.variant, "input", (1, height, width, 3), runtime.input_shape)
        _must_be(identity.variant, "output", (1, len(spec.labels)), runtime.output_shape)
        if runtime.input_dtype != np.uint8:
            raise VariantError(f"{identity.variant}: input uint8 expected, {runtime.input_dtype} found; export again")
        self.identity = identity
        self.labels = spec.labels
        self.preprocessing = spec.preprocessing
        self.threshold = threshold
        self._runtime = runtime
        self._clock = clock

    def classify(self, pixels: NDArray[np.uint8]) -> Judgement:
        start = self._clock()
        raw = self._runtime.invoke(pixels[np.newaxis])
        latency = self._clock() - start
        return Judgement(to_scores(raw, self._runtime.output_quantisation), latency)


def best(labels: Sequence[str], scores: Scores, k: int) -> list[tuple[str, float]]:
    """Returns the `k` best labels with their scores, best first."""
    return [(labels[index], float(scores[index])) for index in top_k(scores, k)]


def load_classifier(
    bundle: Bundle, variant: str = AUTO, threads: int | None = None, interpreter: Interpreter | None = None
) -> BundleClassifier:
    """Loads a variant of an opened bundle.

    Args:
        bundle: From `open_bundle`.
        variant: A variant's name, or ``auto``: the first of `PREFERENCE` whose interpreter is installed. Nothing is
            measured here; `edge_runtime.auto.load` does.
        threads: For the interpreter; by default what this process may use, at most 4.
        interpreter: Another than the preferred one for its format.

    Raises:
        InterpreterMissing: No installed interpreter reads the variant.
        VariantError: There is no such variant, or it does not load or fit the contract.
        IntegrityError: The file of a signed variant has changed since the bundle was opened.
    """
    chosen = choose(bundle.manifest.variants) if variant == AUTO else bundle.variant(variant)
    try:
        interpreter = interpreter or find(chosen.format)
    except InterpreterMissing as error:
        raise InterpreterMissing(f"{bundle.directory}: variant {chosen.name}: {error}") from error
    # A file that somebody signed for goes from the bytes that were checked: between two looks it could be replaced.
    content = bundle.content(chosen.path) if bundle.signer else None
    runtime = interpreter.load(bundle.file(chosen.path), threads or default_threads(), content)
    manifest = bundle.manifest
    identity = Identity(manifest.name, manifest.version, bundle.short_digest, chosen.name, runtime.name)
    return BundleClassifier(runtime, manifest.spec, identity, threshold=manifest.threshold)


def choose(variants: Sequence[Variant]) -> Variant:
    """Returns the variant that is preferred on this machine without measuring; the first one where none can run here.

    Raises:
        VariantError: There are no variants at all.
    """
    if not variants:
        raise VariantError("the bundle holds no variant; export it again")
    ranked = by_preference(variants)
    return next((variant for variant in ranked if readable(variant.format)), ranked[0])


def by_preference(variants: Sequence[Variant]) -> list[Variant]:
    """Returns variants in the order of `PREFERENCE`, those that nobody ranked last."""
    return sorted(variants, key=_rank)


def default_threads() -> int:
    """Returns how many threads the interpreter gets when nobody says."""
    return min(MAX_THREADS, usable_cpus())


def _rank(variant: Variant) -> int:
    return PREFERENCE.index(variant.name) if variant.name in PREFERENCE else len(PREFERENCE)


def _must_be(variant: str, what: str, wanted: tuple[int, ...], found: tuple[int, ...]) -> None:
    if found != wanted:
        raise VariantError(f"{variant}: {what} {list(wanted)} expected, {list(found)} found; export it again")
