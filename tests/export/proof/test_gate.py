from dataclasses import replace

import numpy as np
import pytest

from export.proof.gate import refusal
from export.proof.parity import Parity, Reference, compare

LABELS = np.arange(1000) % 10
REFERENCE = Reference(np.eye(10, dtype=np.float32)[LABELS], LABELS)


def losing(count: int) -> Parity:
    """What a variant gives that labels `count` of the 1,000 pictures wrongly."""
    scores = REFERENCE.scores.copy()
    scores[:count] = np.roll(scores[:count], 1, axis=1)
    return compare(scores, REFERENCE, latency=0.0)


@pytest.mark.parametrize(("lost", "limit"), [(0, 0.0), (10, 1.0), (9, 1.0), (3, 0.3), (7, 0.7)])
def test_a_loss_up_to_the_limit_passes(lost: int, limit: float) -> None:
    assert refusal(losing(lost), REFERENCE, limit) is None


@pytest.mark.parametrize(("lost", "limit"), [(1, 0.0), (11, 1.0), (4, 0.3)])
def test_a_loss_beyond_the_limit_is_refused_with_its_figures(lost: int, limit: float) -> None:
    reason = refusal(losing(lost), REFERENCE, limit)
    assert reason is not None
    assert f"{lost / 10:.2f} points" in reason
    assert f"max-degradation is {limit:g}" in reason


def test_shuffled_labels_fail_the_gate() -> None:
    shuffled = np.random.default_rng(0).permutation(10)
    parity = compare(REFERENCE.scores[:, shuffled], REFERENCE, latency=0.0)
    assert refusal(parity, REFERENCE, 1.0) is not None


def test_a_score_that_is_not_a_number_fails_the_gate_however_accurate_the_rest_is() -> None:
    scores = REFERENCE.scores.copy()
    scores[5] = np.nan
    assert refusal(compare(scores, REFERENCE, latency=0.0), REFERENCE, 50.0) == "gives scores that are not numbers"


def test_a_variant_that_is_better_than_the_reference_passes() -> None:
    worse = replace(REFERENCE, labels=np.roll(LABELS, 1))
    assert refusal(compare(np.eye(10, dtype=np.float32)[worse.labels], worse, 0.0), worse, 0.0) is None
