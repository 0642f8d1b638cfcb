"""Numbers on the command line."""

import argparse


def positive(text: str) -> int:
    """Parses a whole number of at least 1, for argparse."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1 expected, {text} found")
    return number


def not_negative(text: str) -> float:
    """Parses a number of at least 0, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not number >= 0:
        raise argparse.ArgumentTypeError(f"a number of at least 0 expected, {text} found")
    return number


def duration(text: str) -> float:
    """Parses ``90``, ``90s``, ``30m`` or ``2h`` into seconds, for argparse."""
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    try:
        seconds = float(text if unit is None else text[:-1]) * (unit or 1.0)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"a time such as 90s, 30m or 2h expected, {text!r} found")
    return seconds
