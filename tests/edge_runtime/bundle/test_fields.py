import json
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_runtime.bundle import fields
from edge_runtime.errors import FieldError


@dataclass(frozen=True)
class Inner:
    word: str
    flag: bool = False


@dataclass(frozen=True)
class Outer:
    count: int
    ratio: float
    kind: Literal["cat", "dog"]
    pair: tuple[int, int]
    many: tuple[Inner, ...] = ()
    named: dict[str, float] = field(default_factory=dict)
    maybe: Inner | None = None


GOOD: dict[str, object] = {"count": 3, "ratio": 0.5, "kind": "cat", "pair": [1, 2]}

finite = st.floats(allow_nan=False, allow_infinity=False)
inners = st.builds(Inner, word=st.text(), flag=st.booleans())
outers = st.builds(
    Outer,
    count=st.integers(),
    ratio=finite,
    kind=st.sampled_from(("cat", "dog")),
    pair=st.tuples(st.integers(), st.integers()),
    many=st.lists(inners).map(tuple),
    named=st.dictionaries(st.text(), finite),
    maybe=st.none() | inners,
)
json_values: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def parse(**changes: object) -> Outer:
    return fields.parse(Outer, GOOD | changes, "x.json")


@given(outers)
def test_what_is_written_reads_back_as_the_same_value(value: Outer) -> None:
    assert fields.parse(Outer, fields.decode(fields.canonical(value), "x.json"), "x.json") == value


@given(st.dictionaries(st.text(), st.integers(), min_size=2), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_change_the_bytes(value: dict[str, int], random: object) -> None:
    shuffled = dict(reversed(value.items()))
    assert fields.canonical(shuffled) == fields.canonical(value)


@given(outers)
def test_plain_is_what_json_gives_back(value: Outer) -> None:
    assert json.loads(json.dumps(fields.plain(value))) == fields.plain(value)


@given(json_values)
def test_any_json_is_either_the_value_or_a_field_error(raw: object) -> None:
    refusal = ""
    try:
        assert isinstance(fields.parse(Outer, raw, "x.json"), Outer)
    except FieldError as error:
        refusal = str(error)
    assert refusal == "" or refusal.startswith("x.json")


@given(st.binary())
def test_any_bytes_are_either_json_or_a_field_error(content: bytes) -> None:
    refusal = ""
    try:
        fields.decode(content, "x.json")
    except FieldError as error:
        refusal = str(error)
    assert refusal == "" or refusal.startswith("x.json: not valid JSON")


def test_defaults_fill_what_is_not_given() -> None:
    assert parse() == Outer(3, 0.5, "cat", (1, 2))


def test_canonical_text_is_sorted_utf8_with_a_final_newline() -> None:
    assert fields.canonical({"b": "신발", "a": (1,)}) == '{\n "a": [\n  1\n ],\n "b": "신발"\n}\n'.encode()


def test_nan_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        fields.canonical({"score": float("nan")})


def test_whole_numbers_are_taken_for_floats() -> None:
    ratio = parse(ratio=1).ratio
    assert ratio == 1.0
    assert isinstance(ratio, float)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cuont": 3}, "x.json: unknown field 'cuont'; did you mean 'count'?"),
        ({"zzz": 3}, "x.json: unknown field 'zzz'; known: count, ratio, kind, pair, many, named, maybe"),
        ({"many": [{"word": "a"}, {"wrod": "b"}]}, "x.json: many[1]: unknown field 'wrod'; did you mean 'word'?"),
        ({"many": [{}]}, "x.json: many[0]: 'word' is missing"),
        ({"count": True}, "x.json: count: a whole number expected, true found"),
        ({"count": 3.0}, "x.json: count: a whole number expected, 3.0 found"),
        ({"count": "3"}, 'x.json: count: a whole number expected, "3" found; write it without quotes'),
        ({"count": None}, "x.json: count: a whole number expected, null found"),
        ({"ratio": True}, "x.json: ratio: a number expected, true found"),
        ({"ratio": 10**400}, "x.json: ratio: a number expected, 1"),
        ({"maybe": {"word": "a", "flag": 1}}, "x.json: maybe: flag: true or false expected, 1 found"),
        ({"kind": "dgo"}, "x.json: kind: 'dgo' is not possible; did you mean 'dog'?"),
        ({"kind": ["dog"]}, "x.json: kind: ['dog'] is not possible"),
        ({"pair": [1]}, "x.json: pair: 2 values expected, 1 found"),
        ({"pair": [1, "2"]}, 'x.json: pair[1]: a whole number expected, "2" found; write it without quotes'),
        ({"pair": "12"}, 'x.json: pair: a list expected, "12" found'),
        ({"named": {"a": "b"}}, 'x.json: named: a: a number expected, "b" found'),
        ({"ratio": "2 s"}, 'x.json: ratio: a number expected, "2 s" found; write the number alone, a time in seconds'),
        ({"ratio": ["rtsp://u:geheim@host/"]}, 'x.json: ratio: a number expected, ["rtsp://***@host/"] found'),
        ({"named": []}, "x.json: named: named values expected, [] found"),
        ({"maybe": []}, "x.json: maybe: named values expected, [] found"),
    ],
)
def test_a_wrong_field_is_refused_by_place_and_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(FieldError) as refused:
        parse(**changes)
    assert str(refused.value).startswith(message)


def test_a_missing_field_is_refused_by_name() -> None:
    with pytest.raises(FieldError, match=r"^x\.json: 'ratio' is missing$"):
        fields.parse(Outer, {"count": 3, "kind": "cat", "pair": [1, 2]}, "x.json")


def test_a_key_given_twice_is_refused_by_name_wherever_it_stands() -> None:
    with pytest.raises(FieldError, match=r"x\.json: 'b' is given twice"):
        fields.decode(b'{"a": {"b": 1, "c": 2, "b": 1}}', "x.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": -Infinity}', b"[" * 100_000, b"1" * 5000],
    ids=["empty", "open", "not utf-8", "nan", "infinity", "deep", "endless number"],
)
def test_what_is_not_json_is_refused(content: bytes) -> None:
    with pytest.raises(FieldError, match=r"x\.json: not valid JSON"):
        fields.decode(content, "x.json")
