import pytest

from train.labels import apart


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (("cat", "owl"), ("cat",), "this has the label 'owl', that has not"),
        (("cat",), ("cat", "dog"), "that has the label 'dog', this has not"),
        (("cat", "dog"), ("dog", "cat"), "their labels are in another order"),
    ],
)
def test_the_first_difference_is_told(one: tuple[str, ...], other: tuple[str, ...], told: str) -> None:
    assert apart("this", one, "that", other) == told
