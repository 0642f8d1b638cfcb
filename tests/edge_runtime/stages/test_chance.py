import pytest

from edge_runtime.stages.chance import near_chance


@pytest.mark.parametrize(
    ("top1", "labels", "near"),
    [(0.19, 10, True), (0.21, 10, False), (0.62, 2, True), (0.63, 2, False), (0.0019, 1000, True), (1.0, 2, False)],
)
def test_with_few_labels_twice_of_guessing_is_too_much_to_ask(top1: float, labels: int, near: bool) -> None:
    assert near_chance(top1, labels) is near
