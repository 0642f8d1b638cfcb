"""Which layers must stay in float32 so that the rest may be int8? Chosen on validation pictures alone.

Each layer is first made int8 alone: what that costs says how sensitive it is. Then the most sensitive ones are kept
until the gate's demands are met, and those of them that turn out to be needless are given back.
"""

import itertools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from export.conversion.layer import Layer

ALONE = 40  # layers that are tried one by one; of deeper networks groups of neighbours are

Judge = Callable[[bytes], float]
Quantise = Callable[[Collection[Layer]], bytes]


@dataclass(frozen=True)
class Sensitivity:
    """What it costs when these layers alone are int8.

    Attributes:
        layers: One, or some neighbours.
        agreement: Fraction of the validation pictures that keep the Keras model's label.
        kept: Whether they stayed in float32 in the end.
    """

    layers: tuple[Layer, ...]
    agreement: float
    kept: bool = False

    @property
    def name(self) -> str:
        first, last = self.layers[0].name, self.layers[-1].name
        return first if len(self.layers) == 1 else f"{first} … {last}"


@dataclass(frozen=True)
class Found:
    """What the search found.

    Attributes:
        content: The smallest file that met the demands; None where none did.
        sensitivities: In the order of computation.
    """

    content: bytes | None
    sensitivities: tuple[Sensitivity, ...]


def search(
    layers: Sequence[Layer],
    quantise: Quantise,
    judge: Judge,
    wanted: float,
    largest: int,
    progress: Callable[[float], None] = lambda done: None,
) -> Found:
    """Returns the smallest file found whose agreement is at least `wanted`.

    Args:
        layers: Of the network, in the order of computation.
        quantise: Makes the file that keeps some layers in float32.
        judge: Returns a file's agreement on validation pictures.
        wanted: Agreement that will do.
        largest: Bytes above which a file is not worth having.
        progress: Told which fraction is done, about.
    """
    groups = grouped(layers, ALONE)
    everything = set(layers)
    costs = []
    for number, group in enumerate(groups, 1):
        costs.append(judge(quantise(everything - set(group))))
        progress(0.8 * number / len(groups))
    ranked = sorted(range(len(groups)), key=lambda number: (costs[number], number))

    def made(kept: Collection[int]) -> bytes:
        return quantise({layer for number in kept for layer in groups[number]})

    kept: list[int] = []
    content: bytes | None = None
    for number in ranked:
        kept.append(number)
        tried = made(kept)
        if judge(tried) >= wanted:
            content = tried
            break
    if content is not None:
        for number in list(kept[:-1]):  # the last one was needed: without it the demand was not met
            fewer = [other for other in kept if other != number]
            tried = made(fewer)
            if len(tried) < len(content) and judge(tried) >= wanted:
                kept, content = fewer, tried
    progress(1.0)
    if content is None or len(content) > largest:
        content, kept = None, []
    return Found(
        content,
        tuple(
            Sensitivity(group, cost, number in kept)
            for number, (group, cost) in enumerate(zip(groups, costs, strict=True))
        ),
    )


def grouped(layers: Sequence[Layer], most: int) -> list[tuple[Layer, ...]]:
    """Returns `layers` in at most `most` groups of neighbours, as even as can be."""
    count = min(most, len(layers))
    edges = [len(layers) * number // count for number in range(count + 1)] if count else []
    return [tuple(layers[start:end]) for start, end in itertools.pairwise(edges)]
