"""From a bundle's directory to a classifier that was seen to judge here as at export."""

from dataclasses import dataclass
from pathlib import Path

from edge_runtime.auto import Terms, fastest
from edge_runtime.bundle.manifest import Variant
from edge_runtime.bundle.store import Bundle
from edge_runtime.classifier import AUTO, BundleClassifier, default_threads, load_classifier
from edge_runtime.console import say
from edge_runtime.errors import VariantError
from edge_runtime.proof import prove
from edge_runtime.service.supervisor import Announce
from edge_runtime.timings import key_of, place, recall
from edge_runtime.trust import open_trusted


@dataclass(frozen=True)
class Wish:
    """What is asked for.

    Attributes:
        variant: A variant's name, or ``auto``.
        threads: Of the interpreter; None: the CPUs allowed, up to 4.
        max_degradation: Points of top-1 that ``auto`` may give away for speed.
        keys: Files with the public keys of whose bundles are taken; none: anybody's are.
    """

    variant: str = AUTO
    threads: int | None = None
    max_degradation: float | None = None
    keys: tuple[str, ...] = ()


class HeldBack(VariantError):
    """Every variant that could be taken crashed too often."""


def load(directory: Path, wish: Wish, announce: Announce, held_back: frozenset[str]) -> BundleClassifier:
    """Opens a bundle, loads a variant and proves it on the golden samples.

    Args:
        directory: The bundle's.
        wish: What is asked for.
        announce: Told a variant's name before anything of it reaches an interpreter.
        held_back: Variants that are left out, by the names that were announced.

    Raises:
        EdgeError: The bundle, or what is asked for, cannot judge here.
        HeldBack: It could, were it not held back.
    """
    bundle = open_trusted(directory, wish.keys)  # the keys are read anew each time: they may have been replaced

    def announced(variant: Variant) -> None:
        announce(name_of(bundle, variant))

    if wish.variant != AUTO:
        chosen = bundle.variant(wish.variant)
        if name_of(bundle, chosen) in held_back:
            raise HeldBack(f"{directory}: {chosen.name} crashed its interpreter too often and is held back")
    else:
        left = [variant for variant in bundle.manifest.variants if name_of(bundle, variant) not in held_back]
        if not left:
            raise HeldBack(f"{directory}: every variant crashed its interpreter too often and is held back")
        chosen = fastest(bundle, left, Terms(wish.threads, wish.max_degradation), announced)
        if len(left) > 1 and not recall(place(), key_of(bundle, wish.threads or default_threads())):
            say(
                f"edge-runtime: {place()} cannot be written, so that --variant auto measures at every start and may "
                f"take another one each time; now {chosen.name}. Name it with --variant, or set CACHE_DIRECTORY to a "
                "directory that stays"
            )
    announced(chosen)
    classifier = load_classifier(bundle, chosen.name, wish.threads)
    proof = prove(bundle, classifier)
    if not proof.passed:
        raise VariantError(
            f"{directory}: {chosen.name} judges otherwise here than at export: a score of a golden sample differs by "
            f"{proof.largest_difference:.3f}, {proof.tolerance:g} is allowed; 'edge-runtime verify' tells more"
        )
    return classifier


def name_of(bundle: Bundle, variant: Variant) -> str:
    """Returns what a variant is announced as: another bundle's of the same name is another model."""
    return f"{bundle.manifest.name} {bundle.manifest.version} ({bundle.short_digest}) {variant.name}"
