"""``edge-runtime classify``: pictures in, predictions out. What is heavy is imported while the bundle is being read."""

import argparse

from edge_runtime.commands.numbers import not_negative
from edge_runtime.commands.options import AUTO_EXPLAINED, Opening, add_model, without_collecting


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH", help="picture, directory (with all below) or quoted glob")
    add_model(parser)
    parser.add_argument(
        "--format",
        choices=("auto", "table", "json"),
        default="auto",
        help="a table to read or JSON lines for programs; auto: a table on a terminal (default: %(default)s)",
    )
    parser.add_argument(
        "--truth",
        choices=("folder",),
        help="compare with the true labels; folder: each picture lies in a directory named after its label",
    )
    parser.add_argument(
        "--threshold",
        type=not_negative,
        metavar="SCORE",
        help="below it a picture is 'unknown' (default: the model's own)",
    )
    parser.epilog = f"""{AUTO_EXPLAINED}

exit codes: 0 all classified, 3 some could not be read, 1 none could, or nothing is there, 2 typed
wrongly

examples:
  edge-runtime classify shoe.jpg --bundle bundles/fashion_mnist
  edge-runtime classify pictures/ --bundle bundles/fashion_mnist --truth folder
  edge-runtime classify 'shots/**/*.png' --bundle bundles/parts | jq .label"""


def run(arguments: argparse.Namespace) -> int:
    opening = Opening(arguments.bundle, arguments.keys or ())
    with without_collecting():
        from edge_runtime.commands.classifying import classify_all, prepare

        paths, classifier = prepare(arguments, opening)
    return classify_all(arguments, paths, classifier)
