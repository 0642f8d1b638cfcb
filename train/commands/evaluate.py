"""``python -m train evaluate``: how good a run's model is on pictures it never saw."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from edge_runtime.console import say, tell
from edge_runtime.errors import UsageError
from train.commands.judging_device import add_device, ready_for

if TYPE_CHECKING:
    from train.evaluation.thresholds import Threshold

DESCRIPTION = """\
Judges a finished run on the test split of its dataset, which nothing else looks at. A temperature and thresholds are
chosen on the validation split. The run directory gets

  report.html           everything below as one page, with plots and pictures
  metrics.json          every figure, and what data, seed, commit and versions it came from
  predictions.csv       what the model made of each test picture
  suspects.csv          pictures of every split whose label may be wrong, worst first
  confusion_matrix.png, predictions.png

Once evaluated, a run is left as it is until --foreign or another --precision asks for more; the report then has what
that call asked for. Standard output gets one line of JSON."""

EXAMPLE = """\
examples:
  python -m train evaluate runs/first
  python -m train evaluate runs/first --foreign "pictures/none of them" --precision 0.97"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser."""
    parser = subparsers.add_parser(
        "evaluate",
        help="judge a run on the test split",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, metavar="RUN", help="the run directory")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the prepared dataset (default: where the training found it)"
    )
    parser.add_argument(
        "--foreign",
        type=Path,
        metavar="DIR",
        help="pictures that are none of the labels, a folder or a prepared dataset: how many get a label all the same",
    )
    parser.add_argument(
        "--precision",
        type=float,
        action="append",
        default=[],
        metavar="X",
        help="also find the threshold for this share of right answers, 0 to 1; may be given again",
    )
    add_device(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Evaluates and says how it went."""
    from train.evaluation.evaluate import evaluate

    for wanted in arguments.precision:
        if not 0 < wanted <= 1:
            raise UsageError(f"--precision {wanted}: a share above 0 and up to 1 expected, such as 0.97")
    evaluation, fresh = evaluate(
        arguments.directory, arguments.data, arguments.foreign, arguments.precision, ready_for(arguments.device)
    )
    metrics = evaluation.metrics
    low, high = metrics.accuracy_95
    width = max(map(len, metrics.labels))
    if fresh:
        say(f"{'label':{width}}  precision  recall      F1  pictures")
        for name, label in metrics.labels.items():
            say(f"{name:{width}}  {label.precision:9.4f}  {label.recall:6.4f}  {label.f1:6.4f}  {label.support:8,}")
    say(
        f"{arguments.directory}: {'evaluated' if fresh else 'up to date'}: accuracy {metrics.accuracy:.4f} "
        f"(95 % interval {low:.4f} to {high:.4f}) on {metrics.pictures:,} test pictures of {evaluation.dataset}"
    )
    if (foreign := evaluation.foreign) is not None:
        unread = f" ({foreign.unreadable:,} more cannot be read)" if foreign.unreadable else ""
        say(
            f"{foreign.pictures:,} foreign pictures of {foreign.source}{unread}: AUROC {foreign.auroc:.4f}; "
            f"{foreign.labelled_at_95:.4f} of them get a label where 95 % of the test pictures do"
        )
    for one in evaluation.certainty.precisions:
        if one.wanted in arguments.precision:
            say(f"precision {one.wanted}: {in_words(one)}")
    if fresh:
        say(f"{arguments.directory}/report.html shows it all; metrics.json and suspects.csv are beside it")
    line = {
        "run": str(arguments.directory),
        "accuracy": metrics.accuracy,
        "loss": metrics.loss,
        "pictures": metrics.pictures,
    }
    tell(json.dumps(line, ensure_ascii=False))
    return 0


def in_words(one: "Threshold") -> str:
    """Returns what a threshold does to the test split, or why there is none."""
    if one.score is None or one.test is None:
        return "no score of the validation split gives it"
    share, precision = one.test.labelled, one.test.precision
    if precision is None:
        return f"threshold {one.score:.3f}; no test picture reaches it"
    return f"threshold {one.score:.3f}; {share:.4f} of the test pictures get a label, {precision:.4f} of these rightly"
