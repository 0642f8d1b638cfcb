"""``python -m export``: a finished run in, a bundle out."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_runtime.stages.environment import needed

with needed("export"):
    from edge_runtime.bundle.store import Bundle
    from edge_runtime.bundle.writer import check_target, pack
    from edge_runtime.commands.info import describe
    from edge_runtime.commands.numbers import positive
    from edge_runtime.commands.parsing import Parser
    from edge_runtime.commands.table import size, table
    from edge_runtime.console import guard, say
    from edge_runtime.device.cpus import usable_cpus
    from edge_runtime.errors import BundleError, IncompleteError, UsageError
    from edge_runtime.files import write_atomically
    from edge_runtime.stages.run import open_run
    from edge_runtime.trust import signed_with
    from export.conversion.recipes import MIXED, RECIPES, USUAL, select
    from export.conversion.representative import COUNT
    from export.gate_arguments import add_gate, check_baselines, gate_of
    from export.request import Options, Request, default_name, default_version, existing, open_request

EPILOG = """A variant that does not keep what the gate demands is left out and named, and the exit code is 3.

exit codes: 0 done, 1 failed, 2 typed wrongly, 3 done without a variant that was asked for, 130 interrupted

examples:
  python -m export runs/fashion_mnist --out bundles/fashion_mnist
  python -m export runs/fashion_mnist --out bundles/small --recipes full_int8.tflite,int8.onnx --max-degradation 0.5

more commands:
  python -m export import --help    export a .keras file or SavedModel from elsewhere
  python -m export convert --help   one file without proof, to measure it
  python -m export keygen --help    make a pair of keys that sign bundles
  python -m export sign --help      sign a bundle, so that devices can tell yours from others"""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = Parser(
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
    parser.add_argument(
        "--recipes",
        default=USUAL,
        metavar="A,B",
        help="which variants to make; 'all' for every one (default: '%(default)s', as --list-recipes says)",
    )
    parser.add_argument("--list-recipes", action="store_true", help="explain each recipe and end")
    add_gate(parser)
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
    parser.add_argument(
        "--jobs",
        type=positive,
        default=usable_cpus(),
        metavar="N",
        help="recipes that are converted and proved side by side; each takes about a gigabyte "
        "(default: the CPUs, %(default)s)",
    )
    parser.add_argument("--force", action="store_true", help="export even if the bundle is up to date")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command and returns the process' exit code."""
    words = sys.argv[1:] if argv is None else argv
    if words and words[0] in ("keygen", "sign"):
        from export.signing import commands  # here: who exports needs no key

        work = commands.keygen if words[0] == "keygen" else commands.sign_bundle
        return guard("export", lambda: work(words[1:]))
    if words and words[0] == "import":
        from export import importing

        return guard("export", lambda: importing.command(words[1:]))
    if words and words[0] == "convert":
        from export import converting

        return guard("export", lambda: converting.command(words[1:]))
    parser = build_parser()
    arguments = parser.parse_args(words)
    if arguments.list_recipes:
        rows = [[recipe.name, "usual" if recipe.usual else "", recipe.summary] for recipe in RECIPES]
        rows += [[recipe.name, "by itself", recipe.summary] for recipe in MIXED.values()]
        print(table(["recipe", "", "what it makes"], rows))
        return 0
    if arguments.run is None or arguments.out is None:
        parser.error("RUN and --out are required")
    return guard("export", lambda: run(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Exports as `arguments` say."""
    opened = open_run(arguments.run)
    name = arguments.name or default_name(opened)
    if not arguments.name and not opened.directory.resolve().name.isascii():
        say(
            f"{arguments.run}: the bundle is called {name}: a bundle's name holds letters A to Z, digits and . + - "
            "alone; --name gives it a better one"
        )
    options = Options(
        name=name,
        version=arguments.bundle_version or default_version(opened),
        recipes=select(arguments.recipes),
        gate=gate_of(arguments),
        calibration=arguments.calibration,
        seed=arguments.seed,
    )
    check_baselines(options.gate, options.recipes)
    request = open_request(arguments.run, arguments.data, options)
    check_target(arguments.out)
    if arguments.tar and not arguments.tar.absolute().parent.is_dir() and arguments.tar.parent != arguments.out.parent:
        raise UsageError(f"--tar {arguments.tar}: there is no directory {arguments.tar.parent}")
    bundle = None if arguments.force else existing(arguments.out, request)
    if bundle:
        page = _page(arguments.out)
        lacks = "" if page.is_file() else f"; {page} is missing, --force exports again and writes it"
        say(f"{arguments.out} is up to date{lacks}")
        print(describe(bundle))
    else:
        bundle = _exported(request, arguments)
    if arguments.tar:
        pack(bundle, arguments.tar)
        print(f"packed into {arguments.tar}, {size(arguments.tar.stat().st_size)}")
    return _complete(bundle)


def _exported(request: Request, arguments: argparse.Namespace) -> Bundle:
    """Converts, proves and writes; prints the table and leaves the page beside the bundle, also when nothing passed."""
    # Takes a second to import: only now, when all that was typed has been understood.
    from export.job import Outcome, export
    from export.progress import Progress
    from export.reporting.measured import measured
    from export.reporting.summary import summary

    out, page = arguments.out, _page(arguments.out)
    signed = signed_with(out)
    outcome: Outcome = export(request, out, arguments.jobs, Progress())
    bundle, trials = outcome.bundle, outcome.report.trials
    print(summary(trials, outcome.report.reference), flush=True)  # before what is said of it
    told = f"the bundle {out} is whole" if bundle else _nothing_passed(out, [trial.recipe.name for trial in trials])
    drawn = any(trial.parity for trial in trials)  # of files that could not be made or run there is nothing to draw
    try:
        if drawn:
            write_atomically(page, outcome.report.beside(measured()))
    except OSError as error:
        raise BundleError(f"{page}: cannot be written: {error.strerror or error}; {told}") from error
    if bundle is None:
        older = f"; {page} is an earlier export's" if page.is_file() else ""
        raise BundleError(f"{told}; look at {page}" if drawn else f"{told}{older}")
    print(f"bundle {bundle.title} in {bundle.directory}; look at {page}")
    if signed:
        say(f"export: the bundle before was signed {signed}; this one is not, sign it: {_signing(arguments)}")
    return bundle


def _page(out: Path) -> Path:
    """Returns where the report with times lies: beside the bundle."""
    return out.absolute().with_name(f"{out.absolute().name}.report.html")


def _nothing_passed(out: Path, names: Sequence[str]) -> str:
    kept = "; the bundle from before is as it was" if out.exists() else ""
    return f"{out}: no variant passed the gate ({', '.join(names)}; see above), no bundle was written{kept}"


def _signing(arguments: argparse.Namespace) -> str:
    """Returns the command that signs what was exported, and packs it again where it was packed."""
    words = ["python", "-m", "export", "sign", str(arguments.out), "--key", "PRIVATE"]
    return shlex.join([*words, "--tar", str(arguments.tar)] if arguments.tar else words)


def _complete(bundle: Bundle) -> int:
    left = bundle.manifest.gate.left_out
    if left:
        raise IncompleteError(f"left out: {', '.join(entry.name for entry in left)}; see above")
    return 0


if __name__ == "__main__":
    with needed("export"):  # also by what a command imports only when it needs it
        sys.exit(main())
