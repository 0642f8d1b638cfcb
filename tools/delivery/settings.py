"""The service's settings file: values are read and replaced, comments and other variables stay as they are."""

import re
import shlex
from collections.abc import Mapping

from edge_runtime.errors import UsageError


def value_of(text: str, name: str) -> str | None:
    """Returns the value of the last line that sets `name`; None when none does or it cannot be read."""
    found = None
    for line in text.splitlines():
        if line.startswith(f"{name}="):
            try:
                found = " ".join(shlex.split(line.partition("=")[2]))
            except ValueError:  # a quote that is not closed
                found = None
    return found


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Returns the text with these values, each where it was set before, else at the end.

    Raises:
        UsageError: A value cannot stand on one line.
    """
    for name, value in values.items():
        if not value.isprintable():
            raise UsageError(f"{name}: {value!r} holds what cannot be written on one line")
        if value_of(text, name) == value:
            continue
        line = f"{name}={quoted(value)}"
        lines = text.splitlines()
        places = [number for number, old in enumerate(lines) if old.startswith(f"{name}=")]
        for number in places:
            lines[number] = line
        text = "\n".join(lines if places else [*lines, line]) + "\n"
    return text


def quoted(value: str) -> str:
    """Returns a value as systemd's EnvironmentFile= and a shell read it."""
    if re.fullmatch(r"[\w@%+=:,./-]*", value, flags=re.ASCII):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
