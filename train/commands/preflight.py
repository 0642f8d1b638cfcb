"""``train preflight``: is there what a training needs?"""

import argparse

from edge_runtime.console import did_you_mean, say
from edge_runtime.errors import UsageError
from train.device import FLAG, MAKE, prepare_device
from train.framework import TITLES, framework

EPILOG = """exit codes:
  0  the device is there
  1  it is not; the message says what is missing"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "preflight",
        help="look whether the device to train on is there, before anything takes long",
        description="Look whether the framework sees the device to train on.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu", help="(default: %(default)s)")
    parser.add_argument(
        "--then",
        nargs=argparse.REMAINDER,
        metavar="COMMAND",
        help="the command that follows, such as fit with all its flags: what is typed wrongly there is told now",
    )
    parser.set_defaults(run=run, commands=subparsers.choices)


def run(arguments: argparse.Namespace) -> int:
    if arguments.then:
        command, *flags = arguments.then
        if command not in arguments.commands:
            raise UsageError(f"--then {command}: no such command{did_you_mean(command, arguments.commands)}")
        arguments.commands[command].parse_args(flags)
    if arguments.device == "gpu":  # that there is a CPU is seen without a framework
        cpu = MAKE if arguments.then else FLAG  # it is make that asks for what is to follow
        say(f"{TITLES[framework()]} sees {prepare_device('gpu', cpu=cpu)}")
    return 0
