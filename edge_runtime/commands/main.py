"""``edge-runtime``: chooses the verb. Only the chosen verb's module is imported: a health check must not load numpy."""

import argparse
import importlib
import io
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

from edge_runtime import __version__
from edge_runtime.console import guard, without_passwords
from edge_runtime.errors import EdgeError

COMMANDS = {
    "classify": "classify pictures: files, directories, globs",
    "run": "keep classifying what sources give, until stopped",
    "health": "tell a supervisor whether a running 'run' is alive",
    "info": "show what a bundle is: model, labels, variants, proof",
    "verify": "check a bundle: digests, and golden samples on this machine's interpreters",
    "doctor": "show what this machine can run and what is missing",
}
EPILOG = """exit codes: 0 done, 1 failed, 2 typed wrongly, 3 done but not all of it, 130 interrupted

example:
  edge-runtime classify pictures/ --bundle bundles/fashion_mnist
  edge-runtime COMMAND --help explains each command"""


class Parser(argparse.ArgumentParser):
    """An argument parser that repeats no password: a camera's address in the wrong place is quoted in its error."""

    def error(self, message: str) -> NoReturn:
        super().error(without_passwords(message))


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Returns the parser with the arguments of the commands that `argv` mentions."""
    parser = Parser(
        "edge-runtime",
        description="Classifies pictures on this machine's CPU with a bundle that 'python -m export' wrote.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"edge-runtime {__version__}")
    verbs = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        verb = verbs.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in argv:
            importlib.import_module(f"edge_runtime.commands.{name}").configure(verb)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the process' exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # File names need not be UTF-8 (memory cards, old archives): such bytes are escaped, they end nothing.
        sys.stdout.reconfigure(errors="backslashreplace")
    # Pillow warns above 89 megapixels, in raw text, and refuses above 179; the refusal is a result like any other.
    warnings.filterwarnings("ignore", "Image size .* exceeds limit")
    return guard("edge-runtime", lambda: _command(sys.argv[1:] if argv is None else argv))


def _command(argv: Sequence[str]) -> int:
    try:
        arguments = build_parser(argv).parse_args(argv)
    except ModuleNotFoundError as error:
        needed = {"numpy": "numpy", "PIL": "pillow"}
        if error.name not in needed:
            raise
        raise EdgeError(
            f"{needed[error.name]} is not installed for {sys.executable}: pip install numpy pillow, and an interpreter "
            "(ai-edge-litert or onnxruntime)"
        ) from error
    verb = importlib.import_module(f"edge_runtime.commands.{arguments.command}")
    return int(verb.run(arguments))


if __name__ == "__main__":
    raise SystemExit(main())
