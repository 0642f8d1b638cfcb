"""``python -m train evaluate``: how good a run's model is on pictures it never saw."""

import argparse
import json
from pathlib import Path

from edge_runtime.console import say, tell

DESCRIPTION = """\
Judges a finished run on the test split of its dataset, and writes metrics.json, confusion_matrix.png and
predictions.png into the run directory. Standard output gets one line of JSON."""

EXAMPLE = """\
example:
  python -m train evaluate runs/first"""


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
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Evaluates and says how it went."""
    from train.evaluate import evaluate

    evaluation, fresh = evaluate(arguments.directory, arguments.data)
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
    if fresh:
        say(f"metrics.json, confusion_matrix.png and predictions.png are in {arguments.directory}")
    line = {
        "run": str(arguments.directory),
        "accuracy": metrics.accuracy,
        "loss": metrics.loss,
        "pictures": metrics.pictures,
    }
    tell(json.dumps(line, ensure_ascii=False))
    return 0
