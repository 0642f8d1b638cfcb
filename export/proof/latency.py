"""How long one picture takes in each variant on one thread of this machine: in turns, when nothing else is done."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from edge_runtime.runtimes import Runtime

ROUNDS = 7  # the median of so many turns; 5 and 15 gave the same within 3 %
TURN = 0.03  # seconds


def measure(
    runtimes: Mapping[str, Runtime],
    pictures: NDArray[np.uint8],
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Returns seconds a picture inside each interpreter: the median over the turns of each turn's median.

    Args:
        runtimes: Loaded variants by name, one thread each.
        pictures: uint8 ``[n, h, w, 3]``, some of which are shown.
        clock: Seconds; another one in tests.

    In turns, because what else the machine does then meets all of them alike.
    """
    shown: Sequence[NDArray[np.uint8]] = [picture[np.newaxis] for picture in pictures]
    found: dict[str, list[float]] = {name: [] for name in runtimes}
    for _ in range(ROUNDS):
        for name, runtime in runtimes.items():
            runtime.invoke(shown[0])  # what the others left in the caches does not count
            taken: list[float] = []
            while sum(taken) < TURN:
                picture = shown[len(taken) % len(shown)]
                began = clock()
                runtime.invoke(picture)
                taken.append(clock() - began)
            found[name].append(statistics.median(taken))
    return {name: statistics.median(medians) for name, medians in found.items()}
