"""``python -m train prepare``: from pictures to a prepared dataset."""

import argparse
import typing
from pathlib import Path

from edge_runtime.bundle.spec import Interpolation, PreprocessingSpec, Resize
from edge_runtime.console import say, tell
from edge_runtime.errors import UsageError
from edge_runtime.stages.prepared import SPLITS

SHOWN = 5  # unreadable pictures named one by one

DESCRIPTION = """\
Turns pictures into a prepared dataset: decoded, upright, RGB, of one size, split into train, validation and test.
The device later prepares every picture with the same code.

datasets:
  fashion_mnist  70,000 grey pictures of clothes, 10 labels. Looked for in the kit's cache (~/.cache/edge-runtime),
                 in /usr/share/datasets/fashion-mnist, through Keras' download and in Debian's package; --data DIR
                 names the one directory to read instead.
  folder:PATH    your own pictures: one sub-folder for each label, its name is the label. A tenth of the pictures
                 becomes the test split and a tenth the validation split, chosen by their content, so that adding
                 pictures later never moves an old one."""

EXAMPLE = """\
examples:
  python -m train prepare --dataset fashion_mnist --out data/fashion_mnist
  python -m train prepare --dataset "folder:my parts" --size 96x128 --resize letterbox --out data/parts"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser."""
    parser = subparsers.add_parser(
        "prepare",
        help="turn pictures into a prepared dataset",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--dataset", required=True, metavar="NAME", help="fashion_mnist or folder:PATH")
    parser.add_argument("--data", type=Path, metavar="DIR", help="where Fashion-MNIST's four files are")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="the prepared dataset to write")
    parser.add_argument(
        "--size",
        metavar="HxW",
        help="height and width in pixels, or one number (default: 28 for fashion_mnist, else 96)",
    )
    parser.add_argument(
        "--resize",
        choices=typing.get_args(Resize),
        default=PreprocessingSpec.resize,
        help="stretch ignores the aspect ratio, center_crop cuts, letterbox adds black (default: %(default)s)",
    )
    parser.add_argument(
        "--interpolation",
        choices=typing.get_args(Interpolation),
        default=PreprocessingSpec.interpolation,
        help="how pixels are resampled (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of Fashion-MNIST's validation split (default: %(default)s)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Prepares and says what came of it; standard output gets the directory."""
    from train.datasets import dataset_called
    from train.prepare import prepare

    if arguments.seed < 0:
        raise UsageError(f"--seed {arguments.seed}: 0 or more expected")
    dataset = dataset_called(arguments.dataset, arguments.data)
    size = dataset.size if arguments.size is None else size_from(arguments.size)
    spec = PreprocessingSpec(size, arguments.resize, arguments.interpolation)
    done = prepare(dataset, spec, arguments.seed, arguments.out)
    record = done.prepared.record
    if done.replaced:
        say(f"{arguments.out}: replaced {done.replaced}; what was trained on that needs it again to be exported")
    for note in done.notes:
        say(f"note: {note}")
    if done.unreadable:
        say(f"{len(done.unreadable):,} pictures left out because they cannot be read:")
        for reason in done.unreadable[:SHOWN]:
            say(f"  {reason}")
        if len(done.unreadable) > SHOWN:
            say(f"  … and {len(done.unreadable) - SHOWN:,} more")
    counts = ", ".join(f"{record.counts[name]:,} {name}" for name in SPLITS)
    state = "prepared" if done.fresh else "up to date"
    say(f"{record.name}: {state}: {len(record.spec.labels)} labels, {counts}, {size[0]} × {size[1]} pixels")
    if done.fresh:
        say(f"from {record.origin}")
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
