"""The search for the layers that must stay in float32, on networks whose truth is known."""

from collections.abc import Collection

import pytest

from export.conversion.layer import Layer
from export.mixed import Found, grouped, search

LAYERS = tuple(Layer(name, (f"net/{name}/out",)) for name in "abcdefgh")
FLOAT = 1000


def size_of(kept: Collection[Layer]) -> int:
    return 200 + 100 * len(kept)


def found(harmful: str, wanted: float = 0.99, largest: int = FLOAT) -> tuple[Found, list[Collection[Layer]]]:
    """Searches a network in which each harmful layer in int8 costs 0.3 of the agreement, and c costs 0.001."""
    asked: list[Collection[Layer]] = []

    def quantise(kept: Collection[Layer]) -> bytes:
        asked.append(kept)
        names = "".join(layer.name for layer in LAYERS if layer in kept)
        return names.encode().ljust(size_of(kept))

    def judge(content: bytes) -> float:
        kept = content.decode().strip()
        return 1.0 - 0.3 * sum(name not in kept for name in harmful) - 0.001 * ("c" not in kept)

    return search(LAYERS, quantise, judge, wanted, largest), asked


@pytest.mark.parametrize("harmful", ["f", "af", "hb", "bdf"])
def test_just_the_harmful_layers_are_kept(harmful: str) -> None:
    result, _ = found(harmful)
    assert result.content is not None
    assert result.content.decode().strip() == "".join(sorted(harmful))
    assert [one.name for one in result.sensitivities if one.kept] == sorted(harmful)


def test_what_each_layer_costs_alone_is_told() -> None:
    result, _ = found("f")
    assert {one.name: round(one.agreement, 3) for one in result.sensitivities} == {
        name: 0.7 if name == "f" else 0.999 if name == "c" else 1.0 for name in "abcdefgh"
    }


def test_nothing_is_kept_that_turns_out_to_be_needless() -> None:
    """Of two layers that are bad alone, one stays bad only while the other is not kept."""

    def quantise(kept: Collection[Layer]) -> bytes:
        return "".join(layer.name for layer in LAYERS if layer in kept).encode().ljust(size_of(kept))

    def judge(content: bytes) -> float:
        kept = content.decode().strip()
        if len(kept) == len(LAYERS) - 1:  # one layer alone is int8
            return {"a": 0.5, "b": 0.6}.get(next(layer.name for layer in LAYERS if layer.name not in kept), 1.0)
        return 1.0 if "b" in kept else 0.5

    result = search(LAYERS, quantise, judge, 0.99, FLOAT)
    assert [one.name for one in result.sensitivities if one.kept] == ["b"]


def test_a_file_that_saves_too_little_is_not_given() -> None:
    result, _ = found("abdefgh", largest=850)
    assert result.content is None
    assert not any(one.kept for one in result.sensitivities)


def test_a_demand_that_float_itself_misses_is_given_up() -> None:
    result, asked = found("f", wanted=1.1)
    assert result.content is None
    assert len(asked) == 2 * len(LAYERS)


@pytest.mark.parametrize(("count", "most"), [(3, 40), (40, 40), (41, 40), (100, 7), (1, 1)])
def test_groups_are_neighbours_and_lose_none(count: int, most: int) -> None:
    layers = [Layer(str(number), ()) for number in range(count)]
    groups = grouped(layers, most)
    assert [layer for group in groups for layer in group] == layers
    assert len(groups) == min(count, most)
    assert max(map(len, groups)) - min(map(len, groups)) <= 1
