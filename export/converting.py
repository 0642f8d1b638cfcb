"""``python -m export convert``: one converted file and nothing else, for those who measure."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.commands.numbers import positive
from edge_runtime.commands.parsing import Parser
from edge_runtime.commands.table import size
from edge_runtime.console import say, tell
from edge_runtime.errors import BundleError, UsageError
from edge_runtime.files import write_atomically
from edge_runtime.stages.run import open_run
from export.conversion.recipes import select
from export.conversion.representative import COUNT
from export.proof.gate import Gate
from export.request import Options, default_name, default_version, open_request

DESCRIPTION = """Converts a finished run by one recipe and writes that file, the same bytes as in a bundle. Nothing is
proved, and the test split is not looked at: it is for measuring, as 'python -m train tune' does with every trial.
Devices get bundles."""

EPILOG = """example:
  python -m export convert runs/first --recipe full_int8.tflite --out first.tflite"""


def command(words: Sequence[str]) -> int:
    """Runs ``convert`` with what was typed behind it."""
    parser = Parser(
        "python -m export convert",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", type=Path, metavar="RUN", help="the run directory of 'python -m train fit'")
    parser.add_argument("--recipe", required=True, metavar="NAME", help="as 'python -m export --list-recipes' has them")
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the file to write")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the prepared dataset (default: where the run found it)"
    )
    parser.add_argument(
        "--calibration", type=positive, default=COUNT, metavar="N", help="training pictures (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="chooses them (default: %(default)s)")
    return run(parser.parse_args(words))


def run(arguments: argparse.Namespace) -> int:
    """Converts; standard output gets the file's path.

    Raises:
        BundleError: The conversion failed, or the disk refused.
    """
    recipes = select(arguments.recipe)
    if len(recipes) != 1:
        raise UsageError(f"--recipe {arguments.recipe}: one recipe expected, {len(recipes)} found")
    opened = open_run(arguments.run)
    options = Options(
        name=default_name(opened),
        version=default_version(opened),
        recipes=recipes,
        gate=Gate(),
        calibration=arguments.calibration,
        seed=arguments.seed,
    )
    request = open_request(arguments.run, arguments.data, options)
    from export.tasks import converted, tempered

    trial = converted(tempered(request), recipes[0])
    if trial.refusal:
        raise BundleError(f"{arguments.run}: {recipes[0].name}: {trial.refusal}")
    try:
        write_atomically(arguments.out, trial.content)
    except OSError as error:
        raise BundleError(f"--out {arguments.out}: cannot be written: {error.strerror or error}") from error
    say(f"{arguments.out}: {recipes[0].name}, {size(len(trial.content))}, unproved")
    tell(arguments.out)
    return 0
