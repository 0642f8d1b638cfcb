"""Variant ``auto``: each variant is measured once on this device, and the fastest that is good enough is taken.

Which one that is depends on the processor and the interpreter: full int8 takes 1.9 ms where it has kernels for it and
47 ms in an older interpreter on the same machine, where float32 takes 5 (EfficientNet-Lite0, x86-64).

What was measured is remembered (`edge_runtime.timings`), so that it is done once.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_runtime.bundle.manifest import Variant
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import BundleClassifier, Classifier, by_preference, default_threads, load_classifier
from edge_runtime.errors import EdgeError, VariantError
from edge_runtime.frozen import dataclass
from edge_runtime.runtimes import readable
from edge_runtime.timings import Seconds, key_of, place, recall, remember

CALLS = 30  # of each variant at most, after one to warm up
LEAST = 3  # of each variant at least
PATIENCE = 0.03  # seconds for the calls of one variant; all of a bundle and their loading take 0.1 to 0.5 s
SLOWER = 3.0  # one whose first calls take so many times the fastest's is not measured any longer
TIE = 1.05  # within 5 % the order of preference decides: it does not change from one start to the next

Announce = Callable[[Variant], None]


@dataclass(frozen=True)
class Terms:
    """What a choice is for.

    Attributes:
        threads: Of the interpreter; None: the CPUs allowed, up to 4.
        max_degradation: Points of top-1 that may be given away against the best variant of the bundle; None: whatever
            passed the gate at export.
    """

    threads: int | None = None
    max_degradation: float | None = None


ANY = Terms()


def load(
    bundle: Bundle, terms: Terms = ANY, announce: Announce | None = None, memory: Path | None = None
) -> BundleClassifier:
    """Loads the fastest variant that is good enough; see `fastest`."""
    variant = fastest(bundle, bundle.manifest.variants, terms, announce, memory)
    if announce:
        announce(variant)
    return load_classifier(bundle, variant.name, terms.threads)


def fastest(
    bundle: Bundle,
    variants: Sequence[Variant],
    terms: Terms = ANY,
    announce: Announce | None = None,
    memory: Path | None = None,
) -> Variant:
    """Returns the fastest of `variants` on this device that is good enough and judges as at export.

    Args:
        bundle: From `open_bundle`.
        variants: Those of it that may be taken.
        terms: What it is for.
        announce: Told a variant before any of it reaches an interpreter, which may crash on it.
        memory: The file that remembers; by default `place()`.

    Raises:
        VariantError: There is none that can be taken.
    """
    good = good_enough(variants, terms.max_degradation, max((v.top1 for v in bundle.manifest.variants), default=0.0))
    able = [variant for variant in good if readable(variant.format)]
    if not able:
        return good[0]  # loading it says what to install
    path = memory or place()
    key = key_of(bundle, terms.threads or default_threads())
    known = recall(path, key)
    missing = [variant for variant in able if variant.name not in known]
    if missing:
        known = known | measure(bundle, missing, terms.threads, announce, _least(known))
    while chosen := choose(able, known):
        if not missing:
            return chosen
        if announce:
            announce(chosen)
        if _judges(bundle, chosen, terms.threads):
            remember(path, key, known)
            return chosen
        known = known | {chosen.name: None}
    load_classifier(bundle, able[0].name, terms.threads)  # says why, where the reason is that none loads
    names = ", ".join(variant.name for variant in able)
    raise VariantError(f"{bundle.directory}: {names}: none judges here as at export; 'edge-runtime verify' tells more")


def good_enough(variants: Sequence[Variant], max_degradation: float | None, best: float) -> list[Variant]:
    """Returns the variants whose top-1 is at most so many points (hundredths) below `best`, the preferred ones first.

    Raises:
        VariantError: There are none.
    """
    if not variants:
        raise VariantError("the bundle holds no variant; export it again")
    points = float("inf") if max_degradation is None else max_degradation
    # 1e-9: 0.92 and 0.91 are 1.0000000000000009 points apart.
    good = [variant for variant in variants if (best - variant.top1) * 100 <= points + 1e-9]
    if not good:
        raise VariantError(f"no variant that may be taken is within {points:g} points of the best one's top-1")
    return by_preference(good)


def choose(variants: Sequence[Variant], measured: Mapping[str, Seconds]) -> Variant | None:
    """Returns the fastest; of those within 5 % of it, the one that is preferred anyway; None where none can be taken.

    Args:
        variants: That may be taken.
        measured: Seconds a picture by variant name.
    """
    times = {variant.name: seconds for variant in variants if (seconds := measured.get(variant.name)) is not None}
    limit = min(times.values(), default=0.0) * TIE
    return next((v for v in by_preference(variants) if times.get(v.name, limit + 1) <= limit), None)


def measure(
    bundle: Bundle,
    variants: Sequence[Variant],
    threads: int | None = None,
    announce: Announce | None = None,
    least: float = float("inf"),
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Seconds]:
    """Returns seconds a picture for each variant, None for one that does not load.

    Args:
        bundle: Its golden samples are what is judged.
        variants: In any order; the preferred ones are measured first.
        threads: Of the interpreter.
        announce: Told each before it reaches an interpreter.
        least: What the fastest known one takes.
        clock: Seconds.
    """
    from edge_runtime.preprocess import preprocess
    from edge_runtime.proof import read_golden

    samples = read_golden(bundle).samples
    pixels = [preprocess(bundle.content(sample.path), bundle.manifest.spec.preprocessing) for sample in samples[:4]]
    measured: dict[str, Seconds] = {}
    for variant in by_preference(variants):
        if announce:
            announce(variant)
        try:
            classifier = load_classifier(bundle, variant.name, threads)
            measured[variant.name] = seconds = _time(classifier, pixels, least, clock)
        except EdgeError:
            measured[variant.name] = None
        else:
            least = min(least, seconds)
    return measured


def _time(
    classifier: Classifier, pixels: Sequence[NDArray[np.uint8]], least: float, clock: Callable[[], float]
) -> float:
    classifier.classify(pixels[0])  # the first call allocates and is several times slower
    end = clock() + PATIENCE
    taken: list[float] = []
    while len(taken) < CALLS:
        taken.append(classifier.classify(pixels[len(taken) % len(pixels)]).latency)
        if len(taken) >= LEAST and (clock() >= end or min(taken) > SLOWER * least):
            break
    return sorted(taken)[len(taken) // 4]  # the lower quartile: what else runs here shall not decide


def _judges(bundle: Bundle, variant: Variant, threads: int | None) -> bool:
    from edge_runtime.proof import prove  # here: a remembered choice is found without it, 3 ms sooner

    try:
        return prove(bundle, load_classifier(bundle, variant.name, threads)).passed
    except EdgeError:
        return False


def _least(known: Mapping[str, Seconds]) -> float:
    return min((seconds for seconds in known.values() if seconds is not None), default=float("inf"))
