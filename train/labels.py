"""How two sequences of labels differ, in words."""

from collections.abc import Sequence


def apart(one: object, labels: Sequence[str], other: object, others: Sequence[str]) -> str:
    """Returns what first tells the labels of `one` from those of `other`, for a sentence; they are not equal."""
    for here, mine, there, theirs in ((one, labels, other, others), (other, others, one, labels)):
        if more := [label for label in mine if label not in theirs]:
            return f"{here} has the label '{more[0]}', {there} has not"
    return "their labels are in another order"
