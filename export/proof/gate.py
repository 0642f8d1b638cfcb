"""May this variant be shipped? A function of figures."""

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge_runtime.bundle.manifest import GateResult, LeftOut
from edge_runtime.errors import FieldError
from export.proof.parity import Parity, Reference
from export.proof.significance import mcnemar

MAX_DEGRADATION = 1.0  # points of top-1
SLACK = 1e-6  # pictures; floating point makes 7.000000000000001 of 0.07 × 100
TRIES = 3  # other recipes that a refusal names


@dataclass(frozen=True)
class Gate:
    """What a variant must keep to be shipped. None demands nothing.

    Attributes:
        max_degradation: Points (hundredths) of top-1 on the test split that may be lost against the Keras model.
        max_label_degradation: Points of one label's accuracy that may be lost, for every label. Above 0, one picture
            more wrong than right never refuses: of a label with 20 pictures it is 5 points, and chance alone.
        min_agreement: Fraction of the test split, 0 to 1, on which the Keras model's label must be given.
        max_size: Bytes of the file.
        max_latency: Times the latency of float32 of the same format, on the machine that exports.
    """

    max_degradation: float = MAX_DEGRADATION
    max_label_degradation: float | None = None
    min_agreement: float | None = None
    max_size: int | None = None
    max_latency: float | None = None

    def __post_init__(self) -> None:
        _check("max_degradation", self.max_degradation, 0.0 <= self.max_degradation < math.inf, "points from 0")
        if (points := self.max_label_degradation) is not None:
            _check("max_label_degradation", points, 0.0 <= points < math.inf, "points from 0")
        if (fraction := self.min_agreement) is not None:
            _check("min_agreement", fraction, 0.0 <= fraction <= 1.0, "a fraction from 0 to 1")
        if (size := self.max_size) is not None:
            _check("max_size", size, size >= 1, "bytes from 1")
        if (times := self.max_latency) is not None:
            _check("max_latency", times, 0.0 < times < math.inf, "times float32's latency, above 0,")


@dataclass(frozen=True)
class Miss:
    """A demand that was not met.

    Attributes:
        text: By how much, without a time: for the bundle, which must be the same bytes every time.
        timed: The same with the time where there is one: for people.
        quantised: Whether quantising less may mend it.
        large: Whether it is the size.
    """

    text: str
    timed: str
    quantised: bool
    large: bool = False


def refusal(
    parity: Parity,
    size: int,
    reference: Reference,
    gate: Gate,
    baseline_latency: float | None,
    *,
    labels: Sequence[str] = (),
    calibrated: bool = False,
    passed: Sequence[str] = (),
    untried: Sequence[str] = (),
    smaller: Sequence[str] = (),
    timed: bool = False,
) -> str | None:
    """Returns why the variant may not be shipped, or None when it may: every figure that missed, and what to try.

    Args:
        parity: What was measured.
        size: Bytes of the file.
        reference: What the Keras model reached on the same pictures.
        gate: What is demanded.
        baseline_latency: Seconds that float32 of the same format takes; None where it was not measured.
        labels: Names of the labels; without them the message counts them.
        calibrated: Whether the variant was calibrated with pictures.
        passed: Recipes of the same format that passed, best first.
        untried: Recipes of the same format that were not tried.
        smaller: Those of them, or others, whose file is small enough for the gate, as far as one can tell from here.
        timed: Whether the message says times, which must not get into a bundle.
    """
    missed = tuple(_misses(parity, size, reference, gate, baseline_latency, labels))
    if not missed:
        return None
    told = "; ".join(miss.timed if timed else miss.text for miss in missed)
    quantised = any(miss.quantised for miss in missed)
    large = any(miss.large for miss in missed)
    if large:  # more pictures make no file smaller; and where scores were lost as well, a smaller one loses more
        untried = () if quantised else smaller
    tries = ["more calibration pictures (--calibration)"] * (calibrated and quantised and not large)
    if passed:
        tries.append(f"another recipe ({', '.join(passed[:TRIES])} passed)")
    elif untried:
        tries.append(f"another recipe ({', '.join(untried[:TRIES])})")
    if large or not quantised:
        tries.append("a smaller model")
    return f"{told}; try {' or '.join(tries)}" if tries else told


def demands_of(result: GateResult) -> Gate:
    """Returns the gate that a manifest records."""
    return Gate(**{field.name: getattr(result, field.name) for field in dataclasses.fields(Gate)})


def result_of(gate: Gate, reference: Reference, left_out: Sequence[LeftOut]) -> GateResult:
    """Returns what the manifest records of the gate."""
    return GateResult(
        samples=len(reference.labels),
        reference_top1=reference.top1,
        left_out=tuple(left_out),
        **dataclasses.asdict(gate),
    )


def _check(name: str, found: float, good: bool, wanted: str) -> None:
    if not good:
        raise FieldError(f"{name}: {wanted} expected, {found:g} found")


def _misses(
    parity: Parity,
    size: int,
    reference: Reference,
    gate: Gate,
    baseline_latency: float | None,
    labels: Sequence[str],
) -> Iterator[Miss]:
    if not math.isfinite(parity.largest_difference):
        yield _untimed("gives scores that are not numbers")
        return  # the other figures say nothing then
    # Whole pictures, not fractions: a loss of exactly the limit passes, whatever floating point makes of it.
    lost, limit = reference.right - parity.right, gate.max_degradation
    if lost * 100 > limit * parity.samples + SLACK:
        points = lost * 100 / parity.samples
        yield _untimed(
            f"top-1 {parity.top1:.4f} is {points:.2f} points below the Keras model's {reference.top1:.4f}, "
            f"max-degradation is {limit:g} (missed by {points - limit:.2f})"
        )
    if gate.max_label_degradation is not None:
        yield from _label_misses(parity, gate.max_label_degradation, labels)
    if gate.min_agreement is not None:
        wanted = gate.min_agreement
        if round(parity.agreement * parity.samples) < wanted * parity.samples - SLACK:
            by = wanted - parity.agreement
            yield _untimed(f"agreement {parity.agreement:.4f}, min-agreement is {wanted:g} (missed by {by:.4f})")
    if gate.max_size is not None and size > gate.max_size:
        by_bytes = size - gate.max_size
        told = f"{size:,} bytes, max-size is {gate.max_size:,} (missed by {by_bytes:,})"
        yield Miss(told, told, quantised=False, large=True)
    if gate.max_latency is not None:
        yield from _latency_misses(parity, gate.max_latency, baseline_latency)


def _label_misses(parity: Parity, limit: float, labels: Sequence[str]) -> Iterator[Miss]:
    missed = []
    for index, (count, gained, lost) in enumerate(zip(parity.counts, parity.gained, parity.lost, strict=True)):
        net = lost - gained
        if net * 100 > limit * count + SLACK and (net > 1 or limit == 0):
            missed.append((net * 100 / count, index))
    if not missed:
        return
    points, worst = max(missed, key=lambda miss: (miss[0], -miss[1]))
    name = f"'{labels[worst]}'" if labels else str(worst)
    count, gained, lost = parity.counts[worst], parity.gained[worst], parity.lost[worst]
    others = len(missed) - 1
    more = f", as did {others} more label{'s' * (others > 1)}" if others else ""
    yield _untimed(
        f"label {name} is {points:.2f} points below the Keras model's ({lost} of its {count} pictures lost, {gained} "
        f"gained, p {mcnemar(gained, lost):.2g}), max-label-degradation is {limit:g} "
        f"(missed by {points - limit:.2f}){more}"
    )


def _latency_misses(parity: Parity, limit: float, baseline: float | None) -> Iterator[Miss]:
    if baseline is None:
        yield _untimed(
            "max-latency cannot be judged, float32 of the same format could not be measured; its own line says why",
            quantised=False,
        )
    elif parity.latency > limit * baseline:
        times = parity.latency / baseline
        yield Miss(
            f"slower than max-latency allows, {limit:g} times float32 on the machine that exported",
            f"latency {parity.latency * 1e6:.0f} µs is {times:.2f} times float32's {baseline * 1e6:.0f} µs, "
            f"max-latency is {limit:g} (missed by {times - limit:.2f})",
            False,
        )


def _untimed(text: str, quantised: bool = True) -> Miss:
    return Miss(text, text, quantised)
