"""What `tools.benchmarks.compression` does to weights; its figures are no test's business."""

import numpy as np

from tools.benchmarks.compression import clustering, pruning

KERNEL = np.random.default_rng(0).normal(size=(3, 3, 8, 16)).astype(np.float32)


def test_the_weights_that_are_pruned_are_the_smallest_and_stay_so() -> None:
    keep = pruning(KERNEL, 0.7)
    pruned = keep(KERNEL)
    assert np.isclose((pruned == 0).mean(), 0.7, atol=0.01)
    assert np.abs(KERNEL[pruned == 0]).max() < np.abs(KERNEL[pruned != 0]).min()
    assert np.array_equal(keep(KERNEL + 1) == 0, pruned == 0)


def test_clusters_are_few_integers_in_int8_and_weights_stay_in_theirs() -> None:
    keep = clustering(KERNEL, 16)
    for kernel in (keep(KERNEL), keep(KERNEL + 0.01)):
        over_the_largest = kernel / np.abs(KERNEL).max(axis=(0, 1, 2))
        assert len(np.unique(np.round(over_the_largest, 5))) == 16
        assert np.abs(kernel - KERNEL).max() < np.abs(KERNEL).max() / 4
