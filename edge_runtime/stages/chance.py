"""When a classifier knows hardly more than one that guesses."""


def near_chance(top1: float, labels: int) -> bool:
    """Tells whether `top1` is below twice of what guessing gives.

    With few labels, where twice is much: below a quarter of the way from there to 1.

    Args:
        top1: Share of the pictures that were labelled rightly.
        labels: How many there are.
    """
    chance = 1 / labels
    return top1 < min(2 * chance, chance + (1 - chance) / 4)
