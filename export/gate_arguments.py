"""What the gate demands, as it is typed or written down: flags, and a TOML file whose place they take."""

import argparse
import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from edge_runtime.bundle import fields
from edge_runtime.errors import FieldError, UsageError
from edge_runtime.toml import read
from export.conversion.recipes import Recipe
from export.proof.gate import MAX_DEGRADATION, Gate

UNITS = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3}  # as `edge-runtime info` shows sizes


def add_gate(parser: argparse.ArgumentParser) -> None:
    """Adds the gate's flags."""
    group = parser.add_argument_group("the gate, which every variant must pass on the whole test split")
    group.add_argument(
        "--max-degradation",
        type=_number("a number of at least 0", lambda value: 0 <= value < float("inf")),
        metavar="POINTS",
        help=f"of top-1 that may be lost against the Keras model (default: {MAX_DEGRADATION:g})",
    )
    group.add_argument(
        "--max-label-degradation",
        type=_number("a number of at least 0", lambda value: 0 <= value < float("inf")),
        metavar="POINTS",
        help="of any one label's accuracy that may be lost; with 50 test pictures of a label one of them is 2 points, "
        "so choose it with your smallest label in mind. Above 0, a single picture never refuses (default: no limit)",
    )
    group.add_argument(
        "--min-agreement",
        type=_number("a fraction from 0 to 1", lambda value: 0 <= value <= 1),
        metavar="FRACTION",
        help="of pictures that must get the Keras model's label, as 0.99 (default: no limit)",
    )
    group.add_argument(
        "--max-size", type=_flag_size, metavar="BYTES", help="of the file, as 300k or 1.5M (default: no limit)"
    )
    group.add_argument(
        "--max-latency",
        type=_number("a number above 0", lambda value: 0 < value < float("inf")),
        metavar="TIMES",
        help="float32's latency in the same format, which must be among the recipes; measured here on one thread: what "
        "is in the bundle then depends on this machine (default: no limit)",
    )
    group.add_argument(
        "--gate",
        type=Path,
        metavar="FILE",
        help='all of that as TOML, as max_degradation = 0.5 or max_size = "300k"; flags take its place',
    )


def gate_of(arguments: argparse.Namespace) -> Gate:
    """Returns what the flags and the file demand.

    Raises:
        EdgeError: The file cannot be read.
        UsageError: The file is no TOML, or a field in it is unknown or makes no sense.
    """
    where = str(arguments.gate)
    raw = read(arguments.gate) if arguments.gate else {}
    written = raw.get("max_size")
    if isinstance(written, str):
        try:
            raw["max_size"] = size_of(written)
        except ValueError as error:
            raise UsageError(f"{where}: max_size: {error}") from error
    given = {field.name: getattr(arguments, field.name) for field in dataclasses.fields(Gate)}
    try:
        in_file = fields.parse(Gate, raw, where)
    except FieldError as error:
        text = str(error)
        raise UsageError(text if text.startswith(where) else f"{where}: {text}") from error
    return dataclasses.replace(in_file, **{name: value for name, value in given.items() if value is not None})


def check_baselines(gate: Gate, recipes: Sequence[Recipe]) -> None:
    """Accepts recipes that can be judged: max-latency compares a variant with float32 of its own format.

    Raises:
        UsageError: Such a float32 is not among them. Told now, and not after minutes of conversions.
    """
    if gate.max_latency is None:
        return
    asked = {recipe.name for recipe in recipes}
    compared = {f"float32.{recipe.format}": recipe.name for recipe in recipes}
    if missing := {baseline: name for baseline, name in compared.items() if baseline not in asked}:
        pairs = " and ".join(f"{name} with {baseline}" for baseline, name in missing.items())
        raise UsageError(
            f"max-latency {gate.max_latency:g} compares {pairs}, which --recipes leaves out; "
            f"add {','.join(missing)} to --recipes"
        )


def size_of(text: str) -> int:
    """Returns bytes for ``500000``, ``300k`` or ``1.5M``; k is 1,000.

    Raises:
        ValueError: It is no size; says what was wanted.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kKMG]?)B?", text.strip())
    count = int(float(match[1]) * UNITS[match[2].replace("K", "k")]) if match else 0
    if count < 1:
        raise ValueError(f"a size such as 300k or 1.5M expected, {text!r} found")
    return count


def _flag_size(text: str) -> int:
    try:
        return size_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _number(wanted: str, good: Callable[[float], bool]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not good(value):  # nan is never good
            raise argparse.ArgumentTypeError(f"{wanted} expected, {text} found")
        return value

    return parse
