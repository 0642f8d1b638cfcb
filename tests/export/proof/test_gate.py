from dataclasses import replace

import numpy as np
import pytest

from edge_runtime.bundle.manifest import LeftOut
from edge_runtime.errors import FieldError
from export.proof.gate import Gate, demands_of, refusal, result_of
from export.proof.parity import Parity, Reference, compare

LABELS = np.arange(1000) % 10
REFERENCE = Reference(np.eye(10, dtype=np.float32)[LABELS], LABELS)
SIZE = 250_000


def losing(count: int, step: int = 1) -> Parity:
    """What a variant gives that labels `count` of the 1,000 pictures wrongly; with step 10, all of one label."""
    scores = REFERENCE.scores.copy()
    chosen = slice(0, count * step, step)
    scores[chosen] = np.roll(scores[chosen], 1, axis=1)
    return compare(scores, REFERENCE, latency=1e-4)


def judge(parity: Parity, gate: Gate, baseline: float | None = 1e-4, timed: bool = False) -> str | None:
    return refusal(parity, SIZE, REFERENCE, gate, baseline, timed=timed)


@pytest.mark.parametrize(("lost", "limit"), [(0, 0.0), (10, 1.0), (9, 1.0), (3, 0.3), (7, 0.7)])
def test_a_loss_up_to_the_limit_passes(lost: int, limit: float) -> None:
    assert judge(losing(lost), Gate(limit)) is None


@pytest.mark.parametrize(("lost", "limit"), [(1, 0.0), (11, 1.0), (4, 0.3)])
def test_a_loss_beyond_the_limit_is_refused_with_its_figures(lost: int, limit: float) -> None:
    reason = judge(losing(lost), Gate(limit))
    assert reason is not None
    assert f"{lost / 10:.2f} points" in reason
    assert f"max-degradation is {limit:g} (missed by {lost / 10 - limit:.2f})" in reason


def test_shuffled_labels_fail_the_gate() -> None:
    shuffled = np.random.default_rng(0).permutation(10)
    assert judge(compare(REFERENCE.scores[:, shuffled], REFERENCE, latency=0.0), Gate()) is not None


def test_a_score_that_is_not_a_number_fails_the_gate_however_accurate_the_rest_is() -> None:
    scores = REFERENCE.scores.copy()
    scores[5] = np.nan
    reason = judge(compare(scores, REFERENCE, latency=0.0), Gate(50.0))
    assert reason == "gives scores that are not numbers"


def test_a_variant_that_is_better_than_the_reference_passes() -> None:
    worse = replace(REFERENCE, labels=np.roll(LABELS, 1))
    parity = compare(np.eye(10, dtype=np.float32)[worse.labels], worse, 0.0)
    assert refusal(parity, SIZE, worse, Gate(0.0), None) is None


@pytest.mark.parametrize(("lost", "passes"), [(3, True), (4, False)])
def test_one_label_alone_can_fail_the_gate(lost: int, passes: bool) -> None:
    reason = judge(losing(lost, step=10), Gate(max_label_degradation=3.0))
    assert (reason is None) == passes
    if reason:
        assert reason.startswith("label 0 is 4.00 points below")
        assert "4 of its 100 pictures lost, 0 gained, p 0.12" in reason
        assert "max-label-degradation is 3 (missed by 1.00)" in reason


def test_one_picture_of_a_label_refuses_only_where_nothing_may_be_lost() -> None:
    assert judge(losing(1), Gate(max_label_degradation=0.5)) is None  # one of 100 is a whole point
    assert judge(losing(1), Gate(max_label_degradation=0.0)) is not None
    reason = judge(losing(20, step=1), Gate(50, max_label_degradation=0.5))  # two of each label
    assert reason is not None
    assert "as did 9 more labels" in reason


def test_too_little_agreement_is_refused() -> None:
    assert judge(losing(7), Gate(min_agreement=0.993)) is None
    reason = judge(losing(8), Gate(min_agreement=0.993))
    assert reason == "agreement 0.9920, min-agreement is 0.993 (missed by 0.0010)"


def test_too_large_a_file_is_refused() -> None:
    assert judge(losing(0), Gate(max_size=SIZE)) is None
    reason = judge(losing(0), Gate(max_size=SIZE - 1000))
    assert reason == "250,000 bytes, max-size is 249,000 (missed by 1,000); try a smaller model"


def test_too_slow_is_refused_and_only_people_are_told_the_time() -> None:
    gate = Gate(max_latency=1.5)
    assert judge(losing(0), gate, baseline=0.7e-4) is None
    told = judge(losing(0), gate, baseline=0.5e-4, timed=True)
    assert told is not None
    assert "latency 100 µs is 2.00 times float32's 50 µs, max-latency is 1.5 (missed by 0.50)" in told
    kept = judge(losing(0), gate, baseline=0.5e-4)
    assert kept is not None
    assert kept == judge(losing(0), gate, baseline=0.4e-4)  # what is in a bundle must not change with the time taken
    assert "µs" not in kept


def test_without_float32_nobody_can_say_how_slow_it_is() -> None:
    reason = judge(losing(0), Gate(max_latency=9.0), baseline=None)
    assert reason is not None
    assert "float32 of the same format could not be measured" in reason


def test_every_figure_that_missed_is_named_and_what_to_try() -> None:
    gate = Gate(1.0, 3.0, 0.99, None, 0.5)
    reason = refusal(
        losing(900), SIZE, REFERENCE, gate, 1e-4, labels="abcdefghij", calibrated=True, passed=["x.tflite"]
    )
    assert reason is not None
    for figure in ("top-1", "label 'a'", "agreement", "max-latency"):
        assert figure in reason
    assert reason.endswith("try more calibration pictures (--calibration) or another recipe (x.tflite passed)")
    untried = refusal(losing(900), SIZE, REFERENCE, gate, 1e-4, untried=["y.tflite"])
    assert untried is not None
    assert untried.endswith("try another recipe (y.tflite)")


def test_more_pictures_are_no_remedy_for_size() -> None:
    gate = Gate(1.0, max_size=1000)
    reason = refusal(losing(900), SIZE, REFERENCE, gate, 1e-4, calibrated=True, untried=["y"], smaller=["z"])
    assert reason is not None
    assert "top-1" in reason
    assert reason.endswith("max-size is 1,000 (missed by 249,000); try a smaller model")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("max_degradation", -1.0, "points from 0 expected, -1 found"),
        ("max_degradation", float("inf"), "points from 0 expected, inf found"),
        ("max_label_degradation", float("nan"), "points from 0 expected, nan found"),
        ("min_agreement", 99.0, "a fraction from 0 to 1 expected, 99 found"),
        ("max_size", 0, "bytes from 1 expected, 0 found"),
        ("max_latency", 0.0, "above 0, expected, 0 found"),
    ],
)
def test_a_demand_that_makes_no_sense_is_refused(field: str, value: float, said: str) -> None:
    with pytest.raises(FieldError, match=f"{field}: .*{said}"):
        Gate(**{field: value})  # type: ignore[arg-type]


def test_the_manifest_gives_back_what_was_demanded() -> None:
    gate = Gate(0.5, 3.0, 0.99, 300_000, 1.5)
    result = result_of(gate, REFERENCE, [LeftOut("a", "b")])
    assert (result.samples, result.reference_top1, result.left_out) == (1000, 1.0, (LeftOut("a", "b"),))
    assert demands_of(result) == gate
