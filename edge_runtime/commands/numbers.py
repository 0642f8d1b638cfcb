"""Numbers on the command line."""

import argparse


def positive(text: str) -> int:
    """Parses a whole number of at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"a number of at least 1 expected, {number} found")
    return number
