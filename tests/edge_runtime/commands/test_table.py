import pytest

from edge_runtime.commands.table import span


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0, "0 s"), (0.25, "0.25 s"), (1, "1 s"), (44.6, "45 s"), (60, "1 min")),
        *((756, "12 min 36 s"), (3600, "1 h"), (7500, "2 h 5 min")),
    ],
)
def test_a_length_of_time_is_told_in_the_units_people_use(seconds: float, words: str) -> None:
    assert span(seconds) == words
