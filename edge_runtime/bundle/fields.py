"""From parsed JSON or TOML to a frozen dataclass, and back. Strict: nothing is guessed, converted or ignored.

A device must not need more than numpy and Pillow, so no schema library is used here.
"""

import dataclasses
import json
import re
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from edge_runtime.console import did_you_mean, without_passwords
from edge_runtime.errors import FieldError

T = TypeVar("T")
OBJECT = "named values"  # what JSON calls an object and TOML a table
WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def parse(kind: type[T], raw: object, where: str) -> T:
    """Returns `raw` as an instance of the dataclass `kind`.

    Args:
        kind: A dataclass of str, int, float, bool, Literal, ``X | None``, tuples, ``dict[str, X]`` and dataclasses.
        raw: What a JSON or TOML parser returned.
        where: The file's name, for errors.

    Raises:
        FieldError: A field is unknown (with "did you mean"), missing or of another type.
    """
    return typing.cast(T, _value(kind, raw, where))


def plain(value: object) -> Any:
    """Returns `value` with dataclasses as dicts and tuples as lists, ready for `json.dumps`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def canonical(value: object) -> bytes:
    """Returns the one JSON text of `value`: sorted keys, UTF-8, a final newline. Equal values give equal bytes."""
    text = json.dumps(plain(value), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode()


def decode(content: bytes, where: str) -> object:
    """Returns the JSON value in `content`.

    Raises:
        FieldError: `content` is not UTF-8 or not JSON (which knows no NaN), or names a key twice.
    """
    try:
        text = content.decode()
        return json.loads(text, object_pairs_hook=lambda pairs: _unique(pairs, where), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise FieldError(f"{where}: not valid JSON: {error}") from error


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not a JSON number")


def _unique(pairs: list[tuple[str, object]], where: str) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise FieldError(f"{where}: '{twice}' is given twice")
    return found


def _value(kind: Any, raw: object, where: str) -> object:
    if dataclasses.is_dataclass(kind):
        return _dataclass(typing.cast(type, kind), raw, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        if raw not in arguments:
            hint = did_you_mean(str(raw), [str(argument) for argument in arguments])
            raise FieldError(f"{where}: {raw!r} is not possible{hint}")
        return raw
    if origin is types.UnionType:
        present = next(argument for argument in arguments if argument is not types.NoneType)
        return None if raw is None else _value(present, raw, where)
    if origin is tuple:
        return _tuple(arguments, raw, where)
    if origin is dict:
        if not isinstance(raw, dict):
            raise _mismatch(where, OBJECT, raw)
        return {str(key): _value(arguments[1], item, f"{where}: {key}") for key, item in raw.items()}
    if kind is float and isinstance(raw, int) and not isinstance(raw, bool):
        try:
            return float(raw)  # JSON and TOML write 1.0 and 1 for the same number
        except OverflowError as error:
            raise _mismatch(where, WORDS[float], raw) from error
    if type(raw) is not kind:  # not isinstance: True is an int to Python, but not to a reader of the file
        raise _mismatch(where, WORDS[kind], raw, _number_alone(raw) if kind in (int, float) else "")
    return raw


def _dataclass(kind: type, raw: object, where: str) -> object:
    if not isinstance(raw, dict):
        raise _mismatch(where, OBJECT, raw)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    for name in raw:
        if name not in fields:
            raise FieldError(f"{where}: unknown field '{name}'{did_you_mean(str(name), fields)}")
    hints = typing.get_type_hints(kind)
    for name, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in raw:
            raise FieldError(f"{where}: '{name}' is missing")
    return kind(**{name: _value(hints[name], item, f"{where}: {name}") for name, item in raw.items()})


def _tuple(arguments: tuple[Any, ...], raw: object, where: str) -> tuple[object, ...]:
    if not isinstance(raw, (list, tuple)):
        raise _mismatch(where, "a list", raw)
    if arguments in ((str, ...), (float, ...)) and all(type(item) is arguments[0] for item in raw):
        return tuple(raw)  # a thousand labels or scores: 2 ms sooner than one by one
    if arguments[-1] is Ellipsis:
        return tuple(_value(arguments[0], item, f"{where}[{n}]") for n, item in enumerate(raw))
    if len(raw) != len(arguments):
        raise FieldError(f"{where}: {len(arguments)} values expected, {len(raw)} found")
    return tuple(_value(kind, item, f"{where}[{n}]") for n, (kind, item) in enumerate(zip(arguments, raw, strict=True)))


def _mismatch(where: str, wanted: str, raw: object, advice: str = "") -> FieldError:
    # The whole text first: of an address that is cut off before its @ the password would be shown.
    found = without_passwords(json.dumps(raw, default=str, ensure_ascii=False))[:60]
    return FieldError(f"{where}: {wanted} expected, {found} found{advice}")


def _number_alone(raw: object) -> str:
    """Returns what to do with a number in quotes; nothing where it is none."""
    match = re.fullmatch(r"\s*-?[\d.]+\s*([a-zA-Z%]*)\s*", raw) if isinstance(raw, str) else None
    if not match:
        return ""
    return "; write the number alone, a time in seconds" if match[1] else "; write it without quotes"
