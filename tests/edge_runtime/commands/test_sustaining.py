import pytest

from edge_runtime.commands.sustaining import part_of


@pytest.mark.parametrize(
    ("seconds", "names"),
    [
        (5.0, ["5 s"]),
        (60.0, ["minute   1"]),
        (90.0, ["minute   1", "last 30 s"]),
        (120.0, ["minute   1", "minute   2"]),
    ],
)
def test_a_part_is_called_after_its_minute_and_one_that_is_shorter_after_its_seconds(
    seconds: float, names: list[str]
) -> None:
    assert [part_of(seconds, number) for number in range(1, len(names) + 1)] == names
