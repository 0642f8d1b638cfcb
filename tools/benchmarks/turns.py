"""Measuring two or more things in turns, so that what else the machine does meets all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One requirement and what was found.

    Attributes:
        what: In words.
        found: A ratio, or a number of the unit that `what` names.
        wanted: The bound.
        least: Whether `wanted` is the least that will do, rather than the most.
        note: Figures that it comes from.
    """

    what: str
    found: float
    wanted: float
    least: bool = False
    note: str = ""

    @property
    def reached(self) -> bool:
        return self.found >= self.wanted if self.least else self.found <= self.wanted


def in_turns(calls: Sequence[Callable[[], float]], rounds: int) -> list[list[float]]:
    """Returns what each call gave in each round; every other round runs backwards. A first round does not count."""
    found: list[list[float]] = [[] for _ in calls]
    for number in range(rounds + 1):
        order = range(len(calls)) if number % 2 else range(len(calls) - 1, -1, -1)
        for place in order:
            value = calls[place]()
            if number:
                found[place].append(value)
    return found


def seconds_of(work: Callable[[], object], repeat: int = 1) -> Callable[[], float]:
    """Returns a call that gives the seconds that one run of `work` takes, the mean of `repeat`."""

    def call() -> float:
        began = time.perf_counter()
        for _ in range(repeat):
            work()
        return (time.perf_counter() - began) / repeat

    return call


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Returns the median over the rounds of ours against theirs."""
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def milliseconds(values: Sequence[float]) -> str:
    return f"{statistics.median(values) * 1e3:.2f} ms"
