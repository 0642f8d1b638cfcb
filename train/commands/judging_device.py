"""The flag of ``evaluate`` and ``compare`` that says where to judge."""

import argparse
import functools
import typing
from collections.abc import Callable

from edge_runtime.console import say
from train.config import DeviceName
from train.device import prepare_for_judging


def add_device(parser: argparse.ArgumentParser) -> None:
    """Adds it to the parser."""
    parser.add_argument(
        "--device",
        choices=typing.get_args(DeviceName),
        help="where to judge (default: a GPU if there is one, else the CPU; it says which)",
    )


def ready_for(asked: DeviceName | None) -> Callable[[], object]:
    """Returns what makes the device ready the first time that it is called, and says which one it is."""
    return functools.cache(lambda: prepare_for_judging(asked, say))
