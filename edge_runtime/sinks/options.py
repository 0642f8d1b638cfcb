"""Options in addresses of sinks: ``name=value``, joined by ``&``; in values ``%26`` stands for ``&``.

Values of ``token`` and ``password`` are files: what is secret is in no list of processes.
"""

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from edge_runtime.console import did_you_mean
from edge_runtime.errors import UsageError
from edge_runtime.sinks.choice import choice_of

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
Kind = TypeVar("Kind")


def options_of(shown: str, text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for option in text.split("&") if text else []:
        name, equals, value = option.partition("=")
        if not equals:
            raise UsageError(f"{shown}: options are written name=value and joined by &")
        if name in options:
            raise UsageError(f"{shown}: {name} is given twice")
        options[name] = unquote(value)
    return options


def made(kind: Callable[..., Kind], options: Mapping[str, str], *, shown: str, **parts: Any) -> Kind:
    """Returns the dataclass `kind` of the parts and what the options say."""
    known: Collection[str] = {field.name for field in fields(kind)} & READERS.keys()  # type: ignore[arg-type]  # a dataclass
    for name in options:
        if name not in known:
            raise UsageError(f"{shown}: unknown option '{beginning(name)}'{did_you_mean(name, sorted(known))}")
    values = {}
    for name, text in options.items():
        try:
            values[name] = READERS[name](text)
        except ValueError as error:
            raise UsageError(f"{shown}: {name}: {error}") from error
    return kind(shown=shown, **parts, **values)


def beginning(text: str) -> str:
    """Returns enough of what was typed to recognise it, and nothing that may be a password."""
    return re.split(r"[:/@?&=]", text, maxsplit=1)[0][:30]


def expanded(path: str) -> Path:
    return Path(os.path.expanduser(path))  # the one of Path raises where there is no such user


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) < 1:
        raise ValueError(f"a whole number from 1 expected, '{text}' found")
    return int(text)


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d{1,9})([KMG]?)", text.upper(), re.ASCII)
    if not match or int(match[1]) * UNITS[match[2]] < 2**12:
        raise ValueError(f"a size from 4K, as in 500K, 10M or 2G, expected, '{text}' found")
    return int(match[1]) * UNITS[match[2]]


def _number(text: str) -> float:
    if not re.fullmatch(r"\d{1,4}(\.\d{1,6})?", text, re.ASCII) or float(text) <= 0:
        raise ValueError(f"a number above 0 expected, '{text}' found")
    return float(text)


def _switch(text: str) -> bool:
    if text not in ("0", "1"):
        raise ValueError(f"0 or 1 expected, '{text}' found")
    return text == "1"


def _file(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError("a file's path expected, nothing found")
    return expanded(text)


def _text(text: str) -> str:
    if not text:
        raise ValueError("something expected, nothing found")
    return text


def _names(text: str) -> frozenset[str]:
    return frozenset(_text(text).split(","))


# One meaning for an option, whichever sink it is given to.
READERS: dict[str, Callable[[str], object]] = {
    "ca": _file,
    "cert": _file,
    "client": _text,
    "discovery": _switch,
    "font": _file,
    "fps": _number,
    "keep": _count,
    "key": _file,
    "labels": _names,
    "outbox": _file,
    "password": _file,
    "size": _size,
    "timeout": _number,
    "token": _file,
    "what": choice_of,
    "width": _count,
}
