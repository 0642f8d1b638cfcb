"""May this variant be shipped? A function of figures."""

import math

from export.proof.parity import Parity, Reference


def refusal(parity: Parity, reference: Reference, max_degradation: float) -> str | None:
    """Returns why the variant may not be shipped, or None when it may.

    Args:
        parity: What was measured.
        reference: What the Keras model reached on the same pictures.
        max_degradation: Points (hundredths) of top-1 that may be lost.
    """
    if not math.isfinite(parity.largest_difference):
        return "gives scores that are not numbers"
    # Whole pictures, not fractions: a loss of exactly the limit passes, whatever floating point makes of it.
    lost = reference.right - parity.right
    if lost * 100 <= max_degradation * parity.samples:
        return None
    return (
        f"top-1 {parity.top1:.4f} is {lost * 100 / parity.samples:.2f} points below the Keras model's "
        f"{reference.top1:.4f}, max-degradation is {max_degradation:g}"
    )
