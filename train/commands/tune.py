"""``python -m train tune``: a search for configurations that are accurate, fast on a device, or both."""

import argparse
import itertools
import math
import shlex
import sys
import textwrap
import typing
from pathlib import Path

from edge_runtime.commands.numbers import positive
from edge_runtime.console import program, say, tell
from edge_runtime.errors import RunError, UsageError
from edge_runtime.files import write_atomically
from edge_runtime.stages.prepared import open_prepared
from train.config import DeviceName, TrainConfig
from train.tuning.attempt import log_of
from train.tuning.declared import DEFAULT, read_space
from train.tuning.record import PICTURE, SPACE, TRIALS, StudyRecord, front, read_study, run_of
from train.tuning.space import Value

DESCRIPTION = """\
Searches a space of configurations for those that are accurate and fast: trains each on the dataset, converts it to
full int8, and judges the validation split with that file as a device would, with the edge runtime on one thread of
this machine. Accuracy and latency are that file's. The test split is not looked at: evaluate what you choose.

Optuna's TPE chooses, from the second trial on; the first is what 'fit' does unasked, as near as the space has it. A
trial whose accuracy is below the median of finished ones that are as fast (same network, not wider, as many epochs)
is ended early. A trial that fails is recorded with its reason; --retry-failed tries it once more.

STUDY holds study.json, pareto.png, and each trial as a run directory like any other: STUDY/trials/0007. Interrupt it
whenever you like: the same command goes on, also inside of a trial. More --trials later go on from there."""

EPILOG = f"""\
the space, as TOML: any value of the configuration but the device, fixed or with choices or with the lowest and the
highest. What is not named is what 'fit' takes for the network and the number of pictures. Without --space it is:

{textwrap.indent(DEFAULT, "  ").rstrip()}

A table [when.NETWORK] holds what suits that network alone. Trials may be shorter than the training that you want: give
--epochs, and train what you choose for longer.

examples:
  python -m train tune --data data/parts --study studies/parts --trials 20 --device cpu --epochs 4
  python -m train tune --data data/parts --study studies/own --space space.toml --trials 40
  python -m train fit --data data/parts --config studies/parts/trials/0007/config.toml --epochs 20 --run runs/parts"""


def add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command to the parser."""
    parser = subparsers.add_parser(
        "tune",
        help="search for configurations that are accurate and fast in int8",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="the prepared dataset")
    parser.add_argument("--study", required=True, type=Path, metavar="DIR", help="where all of it is kept")
    parser.add_argument(
        "--space", type=Path, metavar="FILE", help="what may be chosen (default: as below, or as the study was begun)"
    )
    parser.add_argument(
        "--trials", type=positive, default=20, metavar="N", help="in all, with those there are (default: %(default)s)"
    )
    parser.add_argument(
        "--epochs", type=positive, metavar="N", help="of each trial (default: the network's own, or as begun)"
    )
    parser.add_argument(
        "--retry-failed", dest="retry", action="store_true", help="try the trials that failed once more, before others"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of what is chosen (default: %(default)s)")
    parser.add_argument(
        "--device",
        choices=typing.get_args(DeviceName),
        default=TrainConfig.device,
        help="where to train (default: %(default)s); latency is the CPU's",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Searches and says what came of it; standard output gets the run directories of the front."""
    from train.tuning.search import Wanted, search

    study = arguments.study
    if arguments.seed < 0:
        raise UsageError(f"--seed {arguments.seed}: 0 or more expected")
    prepared = open_prepared(arguments.data)
    over: dict[str, Value] = {"device": arguments.device}
    # What was begun goes on as it was begun, where nobody says otherwise.
    begun = read_study(study)
    epochs = begun.epochs if begun and arguments.epochs is None else arguments.epochs
    if epochs is not None:
        over["epochs"] = epochs
    space, text = read_space(study / SPACE if begun and arguments.space is None else arguments.space, over)
    try:
        wanted = Wanted(space, text, arguments.trials, over, arguments.seed, arguments.retry)
        done = search(prepared, study, wanted, say)
    except KeyboardInterrupt:
        say(f"\nstopped; go on with: {program()} -m train {shlex.join(sys.argv[1:])}")
        raise
    record = done.record
    best = front(record.trials)
    if not best:
        reason = f"{record.trials[-1].reason}; --retry-failed tries again" if record.trials else "there are none"
        raise RunError(f"{study}: no trial was finished; the last one: {reason}")
    from train.tuning.picture import best_of, pareto

    try:
        write_atomically(study / PICTURE, pareto(record))
    except OSError as error:
        raise RunError(f"{study / PICTURE}: cannot be written: {error.strerror or error}") from error
    total = f"{len(record.trials)} {'trial' if len(record.trials) == 1 else 'trials'}"
    if done.exhausted:
        say(f"the space has nothing new after {total}")
    counted = {state: [one for one in record.trials if one.state == state] for state in ("ended early", "failed")}
    others = "".join(f", {len(found)} {state}" for state, found in counted.items() if found)
    say(f"{study}: {'searched' if done.fresh else 'up to date'}: {total}{others}")
    say(
        "the front: the most accurate on the validation split first, each line faster than those above by a tenth or "
        f"more:\n\n{best_of(record, space)}\n"
    )
    _notes(record)
    if failed := counted["failed"]:
        say(f"note: {log_of(study, failed[-1])} says why a trial failed; --retry-failed tries such ones once more")
    chosen = run_of(study, best[0])
    longer = ["train", "fit", "--data", str(arguments.data), "--config", str(chosen / "config.toml")]
    longer += ["--epochs", str(2 * best[0].config.epochs), "--run", str(_free(Path("runs") / study.resolve().name))]
    say(f"{study / PICTURE} shows all. Each is a run as any other in {study / TRIALS}; the most accurate one:")
    say(f"  {program()} -m train evaluate {shlex.quote(str(chosen))}")
    say(f"the same configuration for longer:\n  {program()} -m {shlex.join(longer)}")
    for trial in best:
        tell(run_of(study, trial))
    return 0


def _free(run: Path) -> Path:
    """Returns `run`, with a number behind it where that exists."""
    names = itertools.chain([run], (run.with_name(f"{run.name}-{number}") for number in itertools.count(2)))
    return next(name for name in names if not name.exists())


def _notes(record: StudyRecord) -> None:
    measured = [trial.measured for trial in front(record.trials) if trial.measured]
    share = measured[0].accuracy
    # Wald's interval is too narrow near 1; a hint at an order of magnitude is all this is to be.
    points = 196 * math.sqrt(max(share * (1 - share), 1 / record.validation) / record.validation)
    pictures = f"{record.validation:,} validation pictures"
    say(f"note: with {pictures}, differences below some {points:.1f} points may be chance")
    machines = {trial.measured.machine for trial in record.trials if trial.measured}
    if len(machines) > 1:
        say(f"note: latencies of several machines do not compare: {'; '.join(sorted(machines))}")
