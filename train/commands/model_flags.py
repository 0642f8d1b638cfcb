"""The flags of ``fit`` that choose a network."""

import argparse
from typing import Any

from edge_runtime.errors import FieldError
from train.config import TrainConfig
from train.models import registry

DESCRIPTION = f"""\
{registry.listing()}

A backbone begins with weights that were trained on other pictures. At first its new last layer alone learns, then all
but BatchNorm with a tenth of the learning rate. Parameters, operations and the int8 size are said before training."""


class _List(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> None:
        print(registry.listing())
        parser.exit()


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds them to the parser."""
    group = parser.add_argument_group("network", DESCRIPTION)
    group.add_argument(
        "--model",
        type=_model,
        metavar="NAME",
        help=f"one of these, or {registry.OWN} (default: {TrainConfig.model})",
    )
    group.add_argument("--list-models", action=_List, nargs=0, help="print them with a sentence each, and end")
    widths = ", ".join(f"{network.width} {name}" for name, network in registry.NETWORKS.items() if network.width)
    group.add_argument(
        "--width", type=int, metavar="N", help=f"filters or units of the first layer (default, or 0: {widths})"
    )
    group.add_argument(
        "--weights",
        metavar="FILE",
        help="what a backbone begins with: an .npz, .h5 or .keras file, 'imagenet' for ImageNet's, "
        "or 'none' for random ones (default: imagenet)",
    )
    group.add_argument(
        "--freeze-epochs",
        type=int,
        metavar="N",
        help="epochs in which a backbone's last layer alone learns (default: a third of all, none with --from)",
    )


def _model(text: str) -> str:
    """Returns a network's name; argparse makes a sentence of what is wrong."""
    try:
        registry.check(text, width=0, weights="", freeze_epochs=0)
    except FieldError as error:
        raise argparse.ArgumentTypeError(str(error).partition(": ")[2]) from error
    return text
