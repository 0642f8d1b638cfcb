"""Which pictures belong together, as frames of one recording do, by what they are called."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from edge_runtime.collecting.names import recording_of
from edge_runtime.errors import DatasetError, UsageError
from train.datasets.pictures import Listed

RECORDING = "recording"  # the groups that the names of `edge-runtime capture` tell
Grouping = Callable[[str], str]


def grouping_by(text: str) -> Grouping:
    """Returns what tells a picture's group from its name, such as ``bolt/belt 0007.jpg``; an empty one for none.

    Args:
        text: ``recording``, or a regular expression: what its parentheses match is the group, or else all it matches.

    Raises:
        UsageError: It is not one.
    """
    if text == RECORDING:
        return lambda name: recording_of(name.rpartition("/")[2]) or ""
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise UsageError(f"--group-by {text}: {RECORDING} or a regular expression expected: {error}") from error

    def group(name: str) -> str:
        met = pattern.search(name)
        return "" if met is None else "\0".join(part or "" for part in met.groups()) or met[0]

    return group


def grouped(listed: Sequence[Listed], text: str) -> tuple[Listed, ...]:
    """Returns the pictures with their groups; those of no group stay alone.

    Raises:
        UsageError: `text` cannot be understood.
        DatasetError: It groups nothing.
    """
    group = grouping_by(text)
    found = tuple((replace(sample, group=group(sample.name)), put) for sample, put in listed)
    if not any(sample.group for sample, _ in found):
        named = "is of 'edge-runtime capture'" if text == RECORDING else "matches"
        raise DatasetError(f"--group-by {text}: none of {len(found):,} names {named}, such as {found[0][0].name}")
    return found
