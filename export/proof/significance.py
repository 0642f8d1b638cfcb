"""Could chance alone have made this difference? McNemar's test, exact."""


def mcnemar(gained: int, lost: int) -> float:
    """Returns the exact two-sided p of McNemar's test (McNemar 1947; exact form: Fagerland et al. 2013).

    Only the pictures count that one of two models labels rightly and the other wrongly. If neither is better, each of
    them falls to either side with probability one half, so p is twice the binomial's tail, at most 1.

    In whole numbers, therefore exact; 50,000 such pictures take 0.1 s. SciPy has the same in `binomtest`, and would be
    140 MB more in the image that exports.

    Args:
        gained: Pictures that the variant labels rightly and the Keras model wrongly.
        lost: Pictures the other way round.
    """
    count, smaller = gained + lost, min(gained, lost)
    term = tail = 1
    for number in range(smaller):
        term = term * (count - number) // (number + 1)
        tail += term
    return min(1.0, 2 * tail / (1 << count))
