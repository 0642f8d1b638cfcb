"""A class made by `edge_runtime.frozen` against the same class made by the standard library."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.frozen import dataclass


@dataclass(frozen=True)
class Ours:
    name: str
    size: float = 1.5
    labels: tuple[str, ...] = field(default_factory=tuple)

    @property
    def title(self) -> str:
        return f"{self.name} {self.size}"


@dataclasses.dataclass(frozen=True)
class Theirs:
    name: str
    size: float = 1.5
    labels: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Checked:
    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError("negative")


values = st.tuples(st.text(), st.floats(allow_nan=False), st.tuples(st.text()))


@given(values, values)
def test_equality_hash_and_text_are_those_of_the_standard_library(
    one: tuple[str, float, tuple[str]], two: tuple[str, float, tuple[str]]
) -> None:
    assert (Ours(*one) == Ours(*two)) == (Theirs(*one) == Theirs(*two))
    assert hash(Ours(*one)) == hash(Theirs(*one))
    assert repr(Ours(*one)) == repr(Theirs(*one)).replace("Theirs", "Ours")


def test_another_class_with_the_same_values_is_not_equal() -> None:
    others: list[object] = [Theirs("a"), "a", None]
    assert Ours("a") not in others


@pytest.mark.parametrize(
    "change",
    [
        lambda value: setattr(value, "name", "other"),
        lambda value: setattr(value, "unknown", "other"),
        lambda value: setattr(value, "title", "other"),
        lambda value: delattr(value, "name"),
    ],
)
def test_nothing_can_be_changed(change: Callable[[Ours], None]) -> None:
    value = Ours("a")
    with pytest.raises(FrozenInstanceError):
        change(value)
    assert value == Ours("a")


def test_it_is_a_dataclass_for_replace_fields_copy_and_pickle() -> None:
    value = Ours("a", 2.0, ("x",))
    assert dataclasses.replace(value, name="b") == Ours("b", 2.0, ("x",))
    assert [one.name for one in dataclasses.fields(value)] == ["name", "size", "labels"]
    assert copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(value)) == value


def test_what_a_class_checks_of_itself_is_checked() -> None:
    with pytest.raises(ValueError, match="negative"):
        dataclasses.replace(Checked(1), size=-1)
