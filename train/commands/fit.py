"""``python -m train fit``: from a prepared dataset to a run directory."""

import argparse
import contextlib
import dataclasses
import math
import shlex
import sys
import typing
from pathlib import Path

from edge_runtime.console import program, say, tell
from edge_runtime.errors import RunError
from edge_runtime.stages.chance import near_chance
from edge_runtime.stages.prepared import open_prepared
from train.commands.fit_flags import add_augmentation, add_earlier, add_learning
from train.commands.model_flags import add_model
from train.config import DeviceName, TrainConfig, asked_anew, asked_config, asked_model
from train.distributed.hosts import check_batch, hosts_from
from train.fitting.divergence import DivergedError
from train.fitting.started import AUGMENTED, begun_when, begun_with, is_under_way

DESCRIPTION = """\
Trains a model on a prepared dataset. The run directory then holds model.keras (the best epoch on the validation
split), spec.json, config.toml, history.csv, learning_curves.png and, once it is finished, run.json.

Interrupt it whenever you like: the same command goes on after the last finished epoch. A finished run is left as
it is. Training is on the GPU unless --device cpu says otherwise; without a GPU it fails rather than being slow.

several hosts:
  With KERAS_BACKEND=jax several machines, or processes, train one model: each computes an equal part of every step.
  Start the same command on each, with its own --host. --data and --run are on a volume that all of them share; host 0
  alone writes. A step is --batch-size pictures in all, so the model is the one that a single host would train, whatever
  their number; only a last step that cannot be shared out evenly goes without the one or other picture.
  Hosts wait 300 s for each other. When one fails, the others end too: on the CPU at once, on GPUs or when a host stops
  answering within a minute. The same command on every host then goes on after the last finished epoch.
  Host 0 listens on the coordinator's port and all of them connect on further ones. Nothing of that is encrypted or
  authenticated: use a network of your own."""

EXAMPLE = """\
examples:
  python -m train fit --data data/fashion_mnist --run runs/first --device cpu
  python -m train fit --data data/parts --run runs/second --config runs/first/config.toml --seed 1
  python -m train fit --data data/parts --run runs/third --epochs 60 --learning-rate 0.001

two processes of this machine train one model; on two machines --coordinator names the first one:
  export KERAS_BACKEND=jax
  python -m train fit --data data/parts --run runs/both --device cpu \\
    --hosts 2 --host 1 --coordinator localhost:29400 &
  python -m train fit --data data/parts --run runs/both --device cpu \\
    --hosts 2 --host 0 --coordinator localhost:29400"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser."""
    parser = subparsers.add_parser(
        "fit",
        help="train a model on a prepared dataset, or go on training",
        description=DESCRIPTION,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared dataset")
    parser.add_argument("--run", required=True, type=Path, metavar="DIR", dest="directory", help="the run directory")
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML with any of the values below; flags win over it"
    )
    parser.add_argument(
        "--fresh", action="store_true", help="start over: remove what an earlier training left in --run"
    )
    parser.add_argument(
        "--tensorboard", type=Path, metavar="DIR", help="write each epoch's figures there for TensorBoard, too"
    )
    several = parser.add_argument_group("several hosts", "needs KERAS_BACKEND=jax; all three together, or none")
    several.add_argument("--hosts", type=int, metavar="N", help="how many train together (default: 1)")
    several.add_argument("--host", type=int, metavar="I", help="which one this is, 0 to N-1")
    several.add_argument(
        "--coordinator", metavar="ADDRESS:PORT", help="where the others reach host 0; a free port, the same everywhere"
    )
    default = TrainConfig()
    values = parser.add_argument_group("configuration")
    values.add_argument(
        "--epochs",
        type=int,
        metavar="N",
        help="the most passes over the data (default: 6, mlp and lstm 12; up to 40 for few pictures)",
    )
    values.add_argument(
        "--batch-size", type=int, metavar="N", help="pictures a step (default: 128, mlp 256; down to 16 for few)"
    )
    values.add_argument(
        "--learning-rate",
        type=float,
        metavar="X",
        help="at the start; it falls to 0 (default: 0.004, mlp 0.003; less for smaller steps, a quarter with --from)",
    )
    values.add_argument(
        "--patience",
        type=int,
        metavar="N",
        help="epochs without a better validation accuracy before it ends early (default: half of the default epochs)",
    )
    values.add_argument(
        "--dropout",
        type=float,
        metavar="X",
        help=f"share of features dropped in training (default: {default.dropout}, mlp 0.1)",
    )
    values.add_argument(
        "--seed", type=int, metavar="N", help=f"of weights, order and augmentation (default: {default.seed})"
    )
    values.add_argument("--device", choices=typing.get_args(DeviceName), help=f"(default: {default.device})")
    add_model(parser)
    add_learning(parser)
    add_augmentation(parser)
    add_earlier(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Trains and says where everything is; standard output gets the run directory."""
    hosts = hosts_from(arguments.hosts, arguments.host, arguments.coordinator)
    names = [field.name for field in dataclasses.fields(TrainConfig)]
    given = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    prepared = open_prepared(arguments.data)
    # What was begun goes on as it was begun: a default that is not asked for is no other configuration.
    goes_on = not arguments.fresh and is_under_way(arguments.directory)
    begun = begun_with(arguments.directory) if goes_on else None
    if begun is not None and begun.model == asked_model(arguments.config, given, begun):
        config = asked_config(arguments.config, given, begun)
    else:
        config = asked_anew(arguments.config, given, prepared.record.counts["train"])
    check_batch(config.batch_size, hosts.count)
    before = begun_when(arguments.directory)
    from train.fitting.fit import FEW_STEPS, fit
    from train.fitting.history import remember

    try:
        with contextlib.redirect_stdout(sys.stderr):  # Keras' progress bar; standard output is for results
            done = fit(
                prepared,
                arguments.directory,
                config,
                hosts,
                fresh=arguments.fresh,
                verbose=1 if sys.stderr.isatty() else 2,
                say=say,
                tensorboard=arguments.tensorboard,
            )
    except KeyboardInterrupt:
        anew = arguments.fresh and begun_when(arguments.directory) == before  # what is there is of an earlier training
        _say_how_to_go_on(goes_on=is_under_way(arguments.directory) and not anew)
        raise
    except DivergedError as error:
        raise RunError(
            f"{error}; lower --learning-rate (it was {config.learning_rate}) and start over with --fresh"
        ) from error
    memory = remember(done.history)
    state = "trained" if done.fresh else "up to date"
    say(
        f"{arguments.directory}: {state}: validation accuracy {memory.best:.4f} "
        f"in epoch {memory.best_epoch} of {len(done.history)}{_ended_early(len(done.history), config)}"
    )
    labels = len(prepared.record.spec.labels)
    if near_chance(memory.best, labels):
        steps = len(done.history) * math.ceil(prepared.record.counts["train"] / config.batch_size)
        remedies = [f"another --learning-rate than {config.learning_rate:g}, a tenth of it first", "more --epochs"]
        if steps < FEW_STEPS:
            remedies.reverse()
        say(
            f"warning: that is near chance, {1 / labels:.4f} with {labels} labels: try {', or '.join(remedies)}; "
            "if that does not help, look whether the pictures have the right labels (audit.html in the dataset)"
        )
    if done.fresh and hosts.first:
        augmented = f", {AUGMENTED}" if (arguments.directory / AUGMENTED).is_file() else ""
        say(
            f"{arguments.directory} holds model.keras and what it is (summary.txt, architecture.png, "
            f"architecture.json, model.weights.h5), spec.json, config.toml, history.csv, learning_curves.png{augmented}"
        )
        say(f"next: {program()} -m train evaluate {shlex.quote(str(arguments.directory))}")
    tell(arguments.directory)
    return 0


def _say_how_to_go_on(*, goes_on: bool) -> None:
    """Says it to who has interrupted the command line."""
    if goes_on:
        told, words = "go on after the last finished epoch", [word for word in sys.argv[1:] if word != "--fresh"]
    else:
        told, words = "no epoch was finished; begin again", sys.argv[1:]
    say(f"\nstopped; {told} with: {program()} -m train {shlex.join(words)}")


def _ended_early(epochs: int, config: TrainConfig) -> str:
    waited = "1 epoch" if config.patience == 1 else f"{config.patience} epochs"
    return "" if epochs >= config.epochs else f", ended early: no better one in {waited}"
