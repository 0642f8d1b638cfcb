"""``edge-runtime captures``: look at what a device has kept, label it, and make a dataset of it."""

import argparse
import json
import shlex
from pathlib import Path

from edge_runtime.bundle.fields import plain
from edge_runtime.bundle.store import open_bundle
from edge_runtime.captures.capture import Capture, checked_label
from edge_runtime.captures.labels import known_labels, must_be_known
from edge_runtime.captures.ring import Ring
from edge_runtime.commands.numbers import positive
from edge_runtime.commands.table import table
from edge_runtime.console import say
from edge_runtime.errors import UsageError
from edge_runtime.result import timestamp


def configure(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, summary, options in (
        ("list", "show what is there, the newest first", _list_options),
        ("label", "say what a captured frame shows", _label_options),
        ("export", "write a folder a label, which 'python -m train prepare' takes", _export_options),
        ("remove", "remove captures, labelled or not", _remove_options),
    ):
        verb = verbs.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        verb.add_argument("directory", type=Path, metavar="DIR", help="where 'run --sink captures:DIR' keeps them")
        options(verb)
    parser.epilog = """A device keeps the frames that its model is unsure of; a person says what they show, here or on
the web page; exported, they are training data. All of it works while 'run' is running. For pictures before
there is a model there is 'edge-runtime capture'.

examples:
  edge-runtime captures list captures
  edge-runtime captures label captures 00000012-0123456789ab Sandal
  edge-runtime captures label captures 00000013-ba9876543210 Clog --new
  edge-runtime captures export captures --out from_the_field
  python -m train prepare --dataset folder:from_the_field --out data/retraining"""


def run(arguments: argparse.Namespace) -> int:
    if not arguments.directory.is_dir():
        raise UsageError(f"{arguments.directory}: no such directory")
    ring = Ring(arguments.directory)
    match arguments.action:
        case "list":
            _list(ring, arguments.limit, arguments.format)
        case "label":
            if not (arguments.nothing or arguments.new):
                _must_be_known(ring, arguments.id, arguments.label, arguments.bundle)
            capture = ring.give_label(arguments.id, None if arguments.nothing else arguments.label)
            say(f"edge-runtime: {capture.id}: " + (f"'{capture.given}'" if capture.given else "without a label"))
        case "export":
            _export(ring, arguments.out, arguments.as_predicted)
        case "remove":
            for id in arguments.ids:
                ring.remove(id)
            say(f"edge-runtime: {len(arguments.ids)} removed")
    return 0


def _list_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=positive, metavar="N", help="the newest N (default: all)")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="json: one object a line")


def _label_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="as 'captures list' shows it")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "label", nargs="?", metavar="LABEL", help="what it shows: a label of the model, or one given before"
    )
    what.add_argument("--nothing", action="store_true", help="take a label back")
    parser.add_argument("--new", action="store_true", help="LABEL may be one that the model lacks")
    parser.add_argument(
        "--bundle", type=Path, metavar="DIR", help="the bundle that knows the labels (default: what the captures name)"
    )


def _export_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")
    parser.add_argument(
        "--as-predicted",
        action="store_true",
        help="take the prediction where nobody has given a label; a model that learns from it learns its own faults",
    )


def _must_be_known(ring: Ring, id: str, label: str, bundle: Path | None) -> None:
    ring.get(id)
    checked_label(label)
    captures = ring.list()
    advice = "; --new takes a label that the model lacks"
    if bundle:
        model = open_bundle(bundle).manifest.spec.labels
    else:
        # Each names its best labels only, so that of many some may be missing.
        model = tuple(sorted({name for capture in captures for name, _ in capture.facts.best}))
        advice = f"{advice}, --bundle DIR all those that it has"
    must_be_known(label, known_labels(model, captures), advice)


def _remove_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="+", metavar="ID", help="as 'captures list' shows it")


def _list(ring: Ring, limit: int | None, format: str) -> None:
    captures = ring.list(limit)
    if format == "json":
        for capture in captures:
            print(json.dumps(plain(capture), ensure_ascii=False))
        return
    rows = [[*_row(capture)] for capture in captures]
    print(table(["id", "captured", "source", "predicted", "score", "kept as", "label"], rows, right=(4,)))
    labelled = sum(capture.given is not None for capture in captures)
    say(f"{len(captures)} captures, {labelled} labelled")


def _row(capture: Capture) -> tuple[str, ...]:
    given = "" if capture.given is None else capture.given + (" (exported)" if capture.exported else "")
    when = timestamp(capture.captured_at).replace("T", " ")[:19]
    return capture.id, when, capture.source, capture.label, f"{capture.score:.3f}", capture.reason, given


def _export(ring: Ring, folder: Path, as_predicted: bool) -> None:
    from edge_runtime.captures.export import export  # numpy and Pillow, which the other actions do without

    done = export(ring, folder, as_predicted)
    width = max(map(len, done.pictures))
    for label, count in sorted(done.pictures.items()):
        print(f"{label.ljust(width)}  {count:6,}")
    if done.predicted:
        say(
            f"edge-runtime: warning: {done.predicted} of them bear the label that was predicted; nobody has looked: "
            "a model that learns from them learns its own faults"
        )
    if done.left:
        say(f"edge-runtime: {done.left} captures left out, as they are not labelled")
    if len(done.pictures) < 2:
        say("edge-runtime: one label alone cannot be trained with: add this folder's pictures to a dataset with others")
    dataset = shlex.quote(f"folder:{folder}")
    say(f"edge-runtime: {folder} written; where you train: python -m train prepare --dataset {dataset} --out DATA")
