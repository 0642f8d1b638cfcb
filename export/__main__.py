"""``python -m export``: a finished run in, a bundle out."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.bundle.store import Bundle
from edge_runtime.bundle.writer import check_target, pack
from edge_runtime.commands.info import describe
from edge_runtime.commands.numbers import positive
from edge_runtime.commands.table import size, table
from edge_runtime.console import guard, say
from edge_runtime.errors import IncompleteError, UsageError
from edge_runtime.stages.run import open_run
from export.conversion.recipes import RECIPES, select
from export.conversion.representative import COUNT
from export.request import Options, default_name, default_version, existing, open_request

MAX_DEGRADATION = 1.0  # points of top-1

EPILOG = """A variant that loses more than --max-degradation is left out and named, and the exit code is 3.

exit codes: 0 done, 1 failed, 2 typed wrongly, 3 done without a variant that was asked for, 130 interrupted

examples:
  python -m export runs/fashion_mnist --out bundles/fashion_mnist
  python -m export runs/fashion_mnist --out bundles/small --recipes full_int8.tflite,int8.onnx --max-degradation 0.5"""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        "python -m export",
        description="Converts a finished run into every file a device may want, proves each with the edge runtime's "
        "own classifier on the whole test split, and writes one bundle.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", nargs="?", type=Path, metavar="RUN", help="the run directory of 'python -m train fit'")
    parser.add_argument("--out", type=Path, metavar="BUNDLE", help="the bundle's directory; an older one is replaced")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the prepared dataset (default: where the run found it)"
    )
    parser.add_argument("--recipes", default="all", metavar="A,B", help="which variants to make (default: all)")
    parser.add_argument("--list-recipes", action="store_true", help="explain each recipe and end")
    parser.add_argument(
        "--max-degradation",
        type=not_negative,
        default=MAX_DEGRADATION,
        metavar="POINTS",
        help="of top-1 on the test split that a variant may lose against the Keras model (default: %(default)s)",
    )
    parser.add_argument(
        "--calibration",
        type=positive,
        default=COUNT,
        metavar="N",
        help="training pictures that calibrate int8, as many of each label (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="chooses them (default: %(default)s)")
    parser.add_argument("--name", help="the bundle's name (default: the run directory's)")
    parser.add_argument(
        "--bundle-version", metavar="V", help="its version (default: the date and time of the training)"
    )
    parser.add_argument("--tar", type=Path, metavar="FILE", help="also pack the bundle into one file for transport")
    parser.add_argument("--force", action="store_true", help="export even if the bundle is up to date")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns the process' exit code."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.list_recipes:
        print(table(["recipe", "what it makes"], [[recipe.name, recipe.summary] for recipe in RECIPES]))
        return 0
    if arguments.run is None or arguments.out is None:
        parser.error("RUN and --out are required")
    return guard("export", lambda: run(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Exports as `arguments` say."""
    opened = open_run(arguments.run)
    options = Options(
        name=arguments.name or default_name(opened),
        version=arguments.bundle_version or default_version(opened),
        recipes=select(arguments.recipes),
        max_degradation=arguments.max_degradation,
        calibration=arguments.calibration,
        seed=arguments.seed,
    )
    request = open_request(arguments.run, arguments.data, options)
    check_target(arguments.out)
    if arguments.tar and not arguments.tar.absolute().parent.is_dir() and arguments.tar.parent != arguments.out.parent:
        raise UsageError(f"--tar {arguments.tar}: there is no directory {arguments.tar.parent}")
    bundle = None if arguments.force else existing(arguments.out, request)
    if bundle:
        say(f"{arguments.out} is up to date")
        print(describe(bundle))
    else:
        # TensorFlow takes seconds to import: only now, when all that was typed has been understood.
        from export.job import Outcome, export

        outcome: Outcome = export(request, arguments.out)
        bundle = outcome.bundle
        rows = [
            [
                trial.recipe.name,
                size(len(trial.content)),
                f"{trial.parity.top1:.4f}",
                f"{trial.parity.agreement:.4f}",
                f"{trial.parity.largest_difference:.4f}",
                f"{trial.parity.latency * 1e6:.0f}",
                trial.runtime,
                "LEFT OUT" if trial.refusal else "shipped",
            ]
            for trial in outcome.trials
            if trial.parity
        ]
        header = ["variant", "size", "top-1", "agreement", "difference", "µs here", "runtime", "gate"]
        print(table(header, rows, right=(1, 2, 3, 4, 5)))
        print(f"bundle {bundle.title} in {bundle.directory}; look at {bundle.file('reports/parity.html')}")
    if arguments.tar:
        pack(bundle, arguments.tar)
        print(f"packed into {arguments.tar}, {size(arguments.tar.stat().st_size)}")
    return _complete(bundle)


def not_negative(text: str) -> float:
    """Parses a number of at least 0, for argparse."""
    number = float(text)
    if not number >= 0:
        raise argparse.ArgumentTypeError(f"a number of at least 0 expected, {text} found")
    return number


def _complete(bundle: Bundle) -> int:
    left = bundle.manifest.gate.left_out
    if left:
        raise IncompleteError(f"left out: {'; '.join(f'{entry.name}: {entry.reason}' for entry in left)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
