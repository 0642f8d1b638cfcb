"""``python -m train compare``: two runs side by side, on the same test pictures."""

import argparse
import json
from pathlib import Path

from edge_runtime.console import say, tell
from edge_runtime.errors import RunError
from edge_runtime.files import write_atomically
from train.commands.judging_device import add_device, ready_for

DESCRIPTION = """\
Compares two finished runs on the same test pictures: accuracy, every label, and by McNemar's exact test whether chance
alone could have made the difference. Standard output gets one line of JSON.

Both have the same labels. Both were evaluated on the same test split, or are evaluated now. Where their datasets have
different ones, as last month's and this month's with more pictures, --data names the dataset on whose test split both
are judged: the newer one, since no old picture changes its split. That leaves each run's own evaluation as it is."""

EXAMPLE = """\
examples:
  python -m train compare runs/first runs/second
  python -m train compare runs/first runs/second --out comparison.html
  python -m train compare runs/may runs/june --data data/june"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser."""
    parser = subparsers.add_parser(
        "compare",
        help="compare two runs on the same test split",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("first", type=Path, metavar="RUN_A", help="the run directory to compare with")
    parser.add_argument("second", type=Path, metavar="RUN_B", help="the run directory to judge")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="a prepared dataset with the labels and sizes of both, to judge both on its test split (default: the one "
        "that both were evaluated on)",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write a page with the pictures on which they differ")
    add_device(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compares and says what came of it."""
    from train.evaluation.compare import compare
    from train.evaluation.comparison_page import page

    found = compare(arguments.first, arguments.second, arguments.data, ready=ready_for(arguments.device))
    sides = (found.first, found.second)
    width = max(len("mean loss"), *(len(one.label) for one in found.labels))
    say(f"A: {arguments.first}\nB: {arguments.second}\n")
    say(f"{'label':{width}}  pictures  recall A  recall B  points  gained  lost")
    for one in found.labels:
        points = f"{100 * (one.second - one.first):+6.1f}" if one.pictures else "     –"
        say(
            f"{one.label:{width}}  {one.pictures:8,}  {one.first:8.4f}  {one.second:8.4f}  {points}  "
            f"{one.gained:6,}  {one.lost:4,}"
        )
    first, second = (side.metrics for side in sides)
    say(
        f"{'all':{width}}  {first.pictures:8,}  {first.accuracy:8.4f}  {second.accuracy:8.4f}  "
        f"{100 * found.difference:+6.2f}  {found.gained:6,}  {found.lost:4,}"
    )
    say(f"{'mean loss':{width}}  {'':8}  {first.loss:8.4f}  {second.loss:8.4f}\n")
    say(f"{found.verdict}; the same label from both on {found.agreement:.4f} of the pictures")
    for note in found.notes:
        say(f"note: {note}")
    if arguments.out:
        try:
            write_atomically(arguments.out, page(found, arguments.data))
        except OSError as error:
            raise RunError(f"--out {arguments.out}: cannot be written: {error.strerror or error}") from error
        say(f"{arguments.out} shows the pictures on which they differ")
    line = {
        "first": str(arguments.first),
        "second": str(arguments.second),
        "accuracy": [first.accuracy, second.accuracy],
        "gained": found.gained,
        "lost": found.lost,
        "p": found.p,
        "agreement": found.agreement,
    }
    tell(json.dumps(line, ensure_ascii=False))
    return 0
