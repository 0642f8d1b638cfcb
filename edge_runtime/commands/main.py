"""``edge-runtime``: chooses the verb. Only the chosen verb's module is imported: a health check must not load numpy."""

import argparse
import gc
import importlib
import io
import os
import sys
import warnings
from collections.abc import Sequence

from edge_runtime import __version__
from edge_runtime.commands.parsing import Parser
from edge_runtime.console import guard
from edge_runtime.errors import EdgeError

COMMANDS = {
    "classify": "classify pictures: files, directories, globs",
    "run": "keep classifying what sources give, until stopped",
    "capture": "grow a folder of pictures to train with, from a camera, a video or files",
    "captures": "list, look at and export what was kept for retraining",
    "benchmark": "measure every variant of a bundle on this device",
    "health": "tell a supervisor whether a running 'run' is alive",
    "info": "show what a bundle is: model, labels, variants, proof",
    "verify": "check a bundle: digests, and golden samples on this machine's interpreters",
    "diff": "show what changed from one bundle to another, before a device gets it",
    "doctor": "show what this machine can run and what is missing",
}
EPILOG = """exit codes: 0 done, 1 failed, 2 typed wrongly, 3 done but not all of it, 130 interrupted

examples, from a new device to one that keeps judging:
  edge-runtime doctor bundles/fashion_mnist
  edge-runtime classify pictures/ --bundle bundles/fashion_mnist
  edge-runtime run --bundle bundles/fashion_mnist --source watch:incoming
'edge-runtime COMMAND --help' explains each command."""


# numpy's OpenBLAS starts a thread a CPU when numpy is imported: 10 to 40 ms of processor time on 2 cores, and 30 MB of
# stacks on 4. Nothing here multiplies matrices in numpy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class Formatter(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal. Without a width argparse imports shutil, and with it bz2 and lzma, at every start."""

    def __init__(self, prog: str, width: int | None = None) -> None:
        super().__init__(prog, width=width or _columns() - 2)

    def add_argument(self, action: argparse.Action) -> None:
        super().add_argument(action)
        if isinstance(action, argparse._SubParsersAction):  # whose choices are indented once more, which it forgets
            self._action_max_length += self._indent_increment

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        """Wraps prose; what is indented, as examples are, stays as it is typed."""
        import textwrap

        filled: list[str] = []
        for paragraph in text.split("\n\n"):
            lines: list[str] = []
            for line in paragraph.splitlines():
                # A title above an indented block ends with a colon and is a line of its own.
                if lines and not line.startswith(" ") and not lines[-1].startswith(" ") and lines[-1][-1:] != ":":
                    lines[-1] += f" {line}"
                else:
                    lines.append(line)
            filled.append("\n".join(line if line[:1] == " " else textwrap.fill(line, width) for line in lines))
        return "\n\n".join(filled)


def build_parser(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Returns the parser of the command that `argv` begins with; the one of all commands where it begins with none."""
    name = argv[0] if argv else ""
    if name in COMMANDS:  # alone: a parser a command would take 3 ms of every start
        summary = COMMANDS[name]
        verb = Parser(
            f"edge-runtime {name}",
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=Formatter,
        )
        importlib.import_module(f"edge_runtime.commands.{name}").configure(verb)
        return verb
    parser = Parser(
        "edge-runtime",
        description="Classifies pictures on this machine's CPU with a bundle: the directory that 'make bundle' or "
        "'python -m export' wrote.",
        epilog=EPILOG,
        formatter_class=Formatter,
    )
    parser.add_argument("--version", action="version", version=f"edge-runtime {__version__}")
    verbs = parser.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        verbs.add_parser(name, help=summary)
    return parser


def _columns() -> int:
    """Returns the terminal's width, as shutil.get_terminal_size does."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns or 80
    except (OSError, ValueError):
        return 80


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the process' exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # File names need not be UTF-8 (memory cards, old archives): such bytes are escaped, they end nothing.
        sys.stdout.reconfigure(errors="backslashreplace")
    # Pillow warns above 89 megapixels, in raw text, and refuses above 179; the refusal is a result like any other.
    warnings.filterwarnings("ignore", "Image size .* exceeds limit")
    gc.disable()  # until the modules are there: nothing of what it would walk through, 8 ms each time, is garbage
    return guard("edge-runtime", lambda: _command(sys.argv[1:] if argv is None else argv))


def _command(argv: Sequence[str]) -> int:
    command = argv[0] if argv else ""
    try:
        try:
            arguments = build_parser(argv).parse_args(argv[1:] if command in COMMANDS else argv)
        finally:
            gc.freeze()
            gc.enable()
        return int(importlib.import_module(f"edge_runtime.commands.{command}").run(arguments))
    except ModuleNotFoundError as error:
        needed = {"numpy": "numpy", "PIL": "pillow"}
        if error.name not in needed:
            raise
        raise EdgeError(
            f"{needed[error.name]} is not installed for {sys.executable}: {sys.executable} -m pip install numpy pillow "
            "ai-edge-litert (or onnxruntime instead of the last)"
        ) from error


if __name__ == "__main__":
    raise SystemExit(main())
