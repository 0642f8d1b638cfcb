"""``python -m train``: the command line of the training segment."""

import argparse
import signal
from collections.abc import Sequence

from edge_runtime.stages.environment import needed

with needed("train"):
    from edge_runtime.commands.parsing import Parser
    from edge_runtime.console import guard
    from train.commands import compare, evaluate, fit, preflight, prepare, quantisation_aware, tune
    from train.distributed.farewell import leave
    from train.framework import framework

DESCRIPTION = """\
Trains an image classifier on this machine: prepare a dataset, fit a model, evaluate it on pictures it never saw.
'python -m export' then turns the run into a bundle for a device."""

EXAMPLE = """\
example, from nothing to an evaluated model:
  python -m train prepare --dataset fashion_mnist --out data/fashion_mnist
  python -m train fit --data data/fashion_mnist --run runs/first --device cpu
  python -m train evaluate runs/first"""


def parser() -> argparse.ArgumentParser:
    """Returns the parser of every command."""
    root = Parser(
        prog="python -m train",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = root.add_subparsers(metavar="COMMAND", required=True)
    for command in (preflight, prepare, fit, evaluate, compare, quantisation_aware, tune):
        command.add(subparsers)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command in `argv` and returns the exit code."""
    # A supervisor's SIGTERM ends the work as Ctrl-C does: nothing half-written stays, and the next start goes on.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = parser().parse_args(argv)

    def work() -> int:
        framework()  # a wrong KERAS_BACKEND is told before anything is done
        return int(arguments.run(arguments))

    return guard("train", work)


if __name__ == "__main__":
    with needed("train"):  # also by what a command imports only when it needs it
        leave(main())
