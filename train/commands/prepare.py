"""``python -m train prepare``: from pictures to a prepared dataset."""

import argparse
import shlex
import typing
from pathlib import Path

from edge_runtime.bundle.spec import Interpolation, PreprocessingSpec, Resize
from edge_runtime.console import say, tell
from edge_runtime.errors import UsageError
from edge_runtime.stages.prepared import SPLITS

SHOWN = 5  # pictures that were left out, named one by one

DESCRIPTION = """\
Turns pictures into a prepared dataset: decoded, upright, RGB, of one size, split into train, validation and test.
The device later prepares every picture with the same code.

datasets:
  fashion_mnist  70,000 grey pictures of clothes, 10 labels. Looked for in the kit's cache (~/.cache/edge-runtime),
                 in /usr/share/datasets/fashion-mnist, through Keras' download and in Debian's package; --data DIR
                 names the one directory to read instead.
  mnist          70,000 grey pictures of handwritten digits, through Keras' download (~/.keras/datasets/mnist.npz);
                 --data names a directory with the four idx files (.gz or not), or with Keras' mnist.npz.
  cifar10        60,000 colour pictures of 10 kinds of things, through Keras' download (~/.keras/datasets);
                 --data names cifar-10-python.tar.gz, its directory, or the unpacked cifar-10-batches-py.
  folder:PATH    your own pictures: one sub-folder for each label, its name is the label. A tenth of the pictures
                 becomes the test split and a tenth the validation split, chosen by their content, so that adding
                 pictures later never moves an old one, and equal files never lie on both sides. With train/, val/
                 and test/ above the labels' folders these are the splits; one that is missing is taken out of train/.
  csv:FILE       a table of path and label, with a header or without; paths are relative to the file. A column called
                 split (train, validation or test) says which, pictures with the same value in a column called group
                 stay in one split; further columns are kept for figures of parts.

Frames of one recording are alike: a test with neighbours of what was learned flatters, and the audit tells. With
--group-by the split of a picture follows from its group instead of its content, so that a group stays in one split
and adding pictures still never moves an old one; of equal files in several splits the one nearest to training stays.
Every label then needs groups for three splits: 50 or more, or train/, val/ and test/ of your own.

Pictures that cannot be read are left out, counted and named. The prepared dataset holds audit.html, a page with
thumbnails of what to look at before training: copies, also between the splits, labels with few pictures, tiny, blank
and unusual ones. An interrupted preparation goes on where it was. A dataset of the same name, the folder's or the
file's own, that is prepared again into the same place keeps the size, resize, interpolation, groups and seed that it
has, unless flags say otherwise. Another one replaces what is there, unless a run of --keep-for was begun with it."""

EXAMPLE = """\
examples:
  python -m train prepare --dataset fashion_mnist --out data/fashion_mnist
  python -m train prepare --dataset "folder:my parts" --size 96x128 --resize letterbox --out data/parts
  python -m train prepare --dataset folder:parts --group-by recording --out data/parts
  python -m train prepare --dataset folder:parts --group-by '([^/]+)_[0-9]+[.]jpg$' --out data/parts"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser."""
    parser = subparsers.add_parser(
        "prepare",
        help="turn pictures into a prepared dataset",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--dataset", required=True, metavar="NAME", help="fashion_mnist, mnist, cifar10, folder:PATH or csv:FILE"
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where the files of fashion_mnist, mnist or cifar10 are"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the prepared dataset to write")
    parser.add_argument(
        "--size",
        metavar="HxW",
        help="height and width in pixels, or one number (default: the pictures' own for a named dataset, else 96)",
    )
    parser.add_argument(
        "--resize",
        choices=typing.get_args(Resize),
        help="stretch ignores the aspect ratio, center_crop cuts, letterbox adds black "
        f"(default: {PreprocessingSpec.resize})",
    )
    parser.add_argument(
        "--interpolation",
        choices=typing.get_args(Interpolation),
        help=f"how pixels are resampled (default: {PreprocessingSpec.interpolation})",
    )
    parser.add_argument(
        "--group-by",
        metavar="WHAT",
        help="keep the pictures of one group in one split (folder: and csv:). recording: frames that 'edge-runtime "
        "capture' took from one video, or from one camera within an hour. Or a regular expression on the path inside "
        "the dataset: what its parentheses match names the group. Pictures of no group stay where their content leads. "
        "'' for no groups, where there were some before",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="of what is drawn for validation and test (default: 0)")
    parser.add_argument(
        "--keep-for",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="a run or a search: never replace the dataset that it was begun with by another one; may be repeated",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prepares and says what came of it; standard output gets the directory."""
    from train.datasets import dataset_called
    from train.datasets.folder import Folder
    from train.preparation.audit import PAGE
    from train.preparation.kept import Asked, grouped_by, settled
    from train.preparation.prepare import prepare
    from train.preparation.rows import LEFT_OUT

    if (arguments.seed or 0) < 0:
        raise UsageError(f"--seed {arguments.seed}: 0 or more expected")
    dataset = dataset_called(arguments.dataset, arguments.data, arguments.group_by or "")
    if isinstance(dataset, Folder) and arguments.out.resolve().is_relative_to(dataset.path.resolve()):
        raise UsageError(
            f"--out {arguments.out}: lies in the folder of the pictures, and would be taken for a label the next time; "
            "choose a place beside it"
        )
    if arguments.group_by is None and (groups := grouped_by(dataset, arguments.out)):
        say(f"{arguments.out}: as it was prepared before: --group-by {shlex.quote(groups)}")
        dataset = dataset_called(arguments.dataset, arguments.data, groups)
    size = None if arguments.size is None else size_from(arguments.size)
    asked = Asked(size, arguments.resize, arguments.interpolation, arguments.seed)
    spec, seed, flags = settled(asked, dataset, arguments.out)
    if flags:
        say(f"{arguments.out}: as it was prepared before: {' '.join(flags)}")
    try:
        done = prepare(dataset, spec, seed, arguments.out, arguments.keep_for)
    except KeyboardInterrupt:
        say("\nstopped; the same command goes on with the pictures that are still to be prepared")
        raise
    record = done.prepared.record
    if done.replaced:
        say(
            f"{arguments.out}: replaced {done.replaced}; "
            "what was trained on that needs it again to go on, to be evaluated or exported"
        )
    for note in done.notes:
        say(f"note: {note}")
    if done.left_out:
        one, they = ("picture", "it") if len(done.left_out) == 1 else ("pictures", "they")
        say(f"{len(done.left_out):,} {one} left out because {they} cannot be read:")
        for left in done.left_out[:SHOWN]:
            say(f"  {left.reason}")
        if len(done.left_out) > SHOWN:
            say(f"  … and {len(done.left_out) - SHOWN:,} more, in {arguments.out / LEFT_OUT}")
    for warning in done.warnings:
        say(f"audit: {warning}")
    counts = ", ".join(f"{record.counts[name]:,} {name}" for name in SPLITS)
    state = "prepared" if done.fresh else "up to date"
    say(f"{record.name}: {state}: {len(record.spec.labels)} labels, {counts}, {' × '.join(map(str, spec.size))} pixels")
    if done.fresh:
        say(f"from {record.origin}")
        say(f"{arguments.out / PAGE} shows what to look at before training")
    tell(arguments.out)
    return 0


def size_from(text: str) -> tuple[int, int]:
    """Returns height and width in pixels from ``96x128`` or ``96``.

    Raises:
        UsageError: `text` is neither.
    """
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdecimal() and part.isascii() and int(part) > 0 for part in parts):
        raise UsageError(f"--size {text}: HEIGHTxWIDTH or one number of pixels expected, such as 96x128 or 96")
    return int(parts[0]), int(parts[-1])
