"""The flags of ``fit`` that say how to train; their names are the configuration's."""

import argparse
import typing

from train.config import PrecisionName, ScheduleName, TrainConfig

DEFAULT = TrainConfig()
AUGMENTATION = {
    "rotation": ("DEGREES", "turned, either way; here and in the next three the edge repeats into what is left bare"),
    "translation": ("X", "moved by this share of height and width, either way"),
    "zoom": ("X", "this share more or less of height and width shown: things smaller or larger"),
    "shear": ("X", "sheared by this share, either way"),
    "brightness": ("X", "brighter or darker by this share of 255"),
    "contrast": ("X", "more or less contrast by this share"),
    "channel-shift": ("X", "red, green and blue, each by another share of 255 up to this one"),
    "erasing": ("X", "a rectangle of noise, 2 to 33 %% of the picture, in this share of the pictures (random erasing)"),
    "mixup": (
        "ALPHA",
        "two pictures blended, often hardly any of one, and their labels with them (0.2 is usual)",
    ),
    "cutmix": ("ALPHA", "a rectangle of another picture, and its share of the label (1 is usual)"),
}


def add_learning(parser: argparse.ArgumentParser) -> None:
    """Adds what decides how the weights are learned."""
    group = parser.add_argument_group("learning")
    group.add_argument(
        "--schedule",
        choices=typing.get_args(ScheduleName),
        help="of the learning rate: down to 0 along a cosine, to a third whenever 2 epochs did not lower the "
        f"validation loss, or constant (default: {DEFAULT.schedule})",
    )
    group.add_argument(
        "--warmup", type=float, metavar="EPOCHS", help="in which the learning rate rises from 0 (default: 0)"
    )
    group.add_argument("--weight-decay", type=float, metavar="X", help="AdamW's (default: 0, which is Adam)")
    group.add_argument(
        "--clip-norm", type=float, metavar="X", help="the most that all gradients together may be (default: no limit)"
    )
    group.add_argument(
        "--label-smoothing", type=float, metavar="X", help="share of a target that all labels get (default: 0)"
    )
    group.add_argument(
        "--class-weights",
        action=argparse.BooleanOptionalAction,
        help="labels with few pictures count as much as those with many (default: --no-class-weights)",
    )
    group.add_argument(
        "--precision",
        choices=typing.get_args(PrecisionName),
        help="of the arithmetic: mixed_float16 for GPUs from compute capability 7.0 (V100, T4), mixed_bfloat16 from "
        "8.0 (A100); the model that is kept is float32 (default: float32)",
    )


def add_earlier(parser: argparse.ArgumentParser) -> None:
    """Adds what a training takes over from finished runs."""
    group = parser.add_argument_group("earlier runs")
    group.add_argument(
        "--from",
        dest="start",
        metavar="RUN",
        help="begin with its weights: last month's model, this month's pictures. Labels are matched by name, whether "
        "some came, went or moved",
    )
    group.add_argument("--teacher", metavar="RUN", help="learn its scores beside the labels (distillation)")
    group.add_argument(
        "--distillation",
        type=float,
        metavar="X",
        help=f"how much those count against the labels, 0 to 1 (default: {DEFAULT.distillation})",
    )


def add_augmentation(parser: argparse.ArgumentParser) -> None:
    """Adds what is changed at random in the pictures that training sees."""
    group = parser.add_argument_group(
        "augmentation",
        "what training changes in its pictures at random; nothing by default, because it can also make a model worse: "
        "compare the validation accuracies. augmented.png in the run shows 25 of them",
    )
    group.add_argument(
        "--flip",
        action=argparse.BooleanOptionalAction,
        help="mirrored left to right; not for things that have a left and a right (default: --no-flip)",
    )
    for name, (metavar, text) in AUGMENTATION.items():
        group.add_argument(f"--{name}", type=float, metavar=metavar, help=text)
    group.add_argument(
        "--randaugment",
        type=int,
        metavar="N",
        help="N of Keras' eleven operations on colour, contrast and geometry, one after the other (2 is usual), as "
        "strong as Keras has them: turned by up to 180 degrees, only brighter, only more contrast",
    )
